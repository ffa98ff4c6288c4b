//! Until when the certificates of the service and of its calls are valid. Their keys are not read.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;
use x509_cert::time::Time;

use super::Chart;
use crate::calling::Place;
use crate::fail::Fail;
use crate::house::Config;

const PART: &str = "tls";
/// So long before its end a new certificate is asked for: who issues it takes days.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);
const MEND: &str = "have a new one issued and put it in its place; whoever pins it is told first (docs/runbook.md)";

/// Every certificate that this node shows or that it knows callers by.
pub(super) fn valid(dir: &Path, config: &Config, now: Timestamp, chart: &mut Chart) {
    let service = ["tls/server.pem", "tls/clients.pem"].map(|name| dir.join(name));
    let service = service.into_iter().filter(|path| path.exists());
    let calls = config
        .calls
        .routes
        .values()
        .filter_map(|call| match &call.to {
            Place::Https(place) => Some(dir.join(&place.own)),
            Place::Node(_) => None,
        });
    let mut all: Vec<PathBuf> = service.chain(calls).collect();
    all.sort();
    all.dedup();
    for path in all {
        let name = path.display();
        match ends(&path) {
            Err(fail) => chart.broken(PART, fail.text, "put the certificate there in PEM"),
            Ok((from, _)) if now < from => {
                chart.broken(PART, format!("{name} is not valid before {from}"), MEND);
            }
            Ok((_, until)) if until <= now => {
                chart.broken(PART, format!("{name} has expired on {until}"), MEND);
            }
            Ok((_, until)) if until.duration_since(now) < SOON => {
                chart.look(PART, format!("{name} expires on {until}"), MEND);
            }
            Ok((_, until)) => chart.ok(PART, format!("{name} is valid until {until}")),
        }
    }
}

/// The time in which all certificates of a file are valid.
fn ends(path: &Path) -> Result<(Timestamp, Timestamp), Fail> {
    let unreadable = |why: &str| Fail::fault(format!("{}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|e| Fail::at(path, &e))?;
    let chain = Certificate::load_pem_chain(&pem);
    let chain = chain.map_err(|_| unreadable("it has no certificate in PEM"))?;
    let instant = |time: Time| {
        let seconds = i64::try_from(time.to_unix_duration().as_secs());
        Timestamp::from_second(seconds.unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX)
    };
    let times = chain.iter().map(|one| one.tbs_certificate.validity);
    let from = times.clone().map(|v| instant(v.not_before)).max();
    let until = times.map(|v| instant(v.not_after)).min();
    from.zip(until)
        .ok_or_else(|| unreadable("it has no certificate"))
}

#[cfg(test)]
mod tests {
    use super::super::Is;
    use super::*;

    /// Of an authority of tests, valid from 2026-11-28T03:10:17Z to 2027-11-28T03:10:17Z.
    const PEM: &str = "\
-----BEGIN CERTIFICATE-----
MIIBfDCCASOgAwIBAgIUeZsNFVV2vxI5Kdm5YXWJJ/RNATMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYXV0aG9yaXR5MB4XDTI2MTEyODAzMTAxN1oXDTI3MTEyODAz
MTAxN1owFDESMBAGA1UEAwwJYXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEqhMz6ZdM7rW8CLTDnYziUZFlDKsm6GC+WSLwFVI0dS/nEgYj+qQlOnif
7R5TswI/SwECD93Qi1pc54y+uCJTeKNTMFEwHQYDVR0OBBYEFOFypFtNaXzFWlRM
LVggfaaWUu56MB8GA1UdIwQYMBaAFOFypFtNaXzFWlRMLVggfaaWUu56MA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgRao3JSydxwe4Bei0wSyZSBma
UcOL1y1XGT76ptyyIfICICsJto6EmilFJVUSbC25IanOB+TSKlihPKF6VZUPCcFW
-----END CERTIFICATE-----
";

    const NODE: &str = "party = \"ho\"\nstore = \"sqlite:node.db\"\nevidence = \"7 years\"\n";
    const CALLS: &str = "[calls.routes.dwp-api.to.https]\nurl = \"https://node.dwp.example/v1/calls\"\n\
                         certificates = []\nown = \"own.pem\"\nkey = \"own.key\"\n";

    fn found(dir: &Path, node: &str, at: &str) -> Vec<Is> {
        let config: Config = toml::from_str(node).unwrap();
        let mut chart = Chart::default();
        valid(dir, &config, at.parse().unwrap(), &mut chart);
        chart.0.iter().map(|line| line.is).collect()
    }

    #[test]
    fn a_certificate_is_told_of_a_month_before_its_end_and_broken_after_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("tls")).unwrap();
        std::fs::write(dir.path().join("tls/server.pem"), PEM).unwrap();
        for (at, is) in [
            ("2026-11-28T03:10:16Z", Is::Broken),
            ("2026-11-28T03:10:17Z", Is::Ok),
            ("2027-10-29T03:10:17Z", Is::Ok),
            ("2027-10-29T03:10:18Z", Is::Look),
            ("2027-11-28T03:10:16Z", Is::Look),
            ("2027-11-28T03:10:17Z", Is::Broken),
        ] {
            assert!(found(dir.path(), NODE, at) == [is], "{at}");
        }
    }

    #[test]
    fn what_calls_are_made_with_must_be_there_and_be_a_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let node = format!("{NODE}{CALLS}");
        let check =
            |expect: Is| assert!(found(dir.path(), &node, "2026-11-28T03:10:17Z") == [expect]);
        check(Is::Broken);
        std::fs::write(dir.path().join("own.pem"), "no certificate").unwrap();
        check(Is::Broken);
        std::fs::write(dir.path().join("own.pem"), PEM).unwrap();
        check(Is::Ok);
        assert!(
            found(dir.path(), NODE, "2026-11-28T03:10:17Z").is_empty(),
            "no service, no calls"
        );
    }
}
