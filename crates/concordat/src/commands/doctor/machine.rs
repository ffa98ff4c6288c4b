//! What the node stands on: files that others must not read, the database's clock, the disk.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use exchange::ports::Clock;
use jiff::SignedDuration;
use rustix::fs::statvfs;
use store::Database;

use super::Chart;
use crate::fail::Fail;
use crate::os::SystemClock;

/// Leases are counted by the machine's clock: beyond this two processes could each believe that one is theirs.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// Below so many bytes a package may not fit any more.
const LITTLE: u64 = 1 << 30;
const NOTHING: u64 = 64 << 20;

/// Who may use the service, and the service's own key, are their owner's to read (SEC-13).
pub(super) fn private(dir: &Path, chart: &mut Chart) {
    for name in ["access.toml", "staff.toml", "tls/server.key"] {
        let path = dir.join(name);
        let Ok(found) = std::fs::metadata(&path) else {
            continue;
        };
        if found.permissions().mode() & 0o077 == 0 {
            chart.ok("private", format!("{name} is its owner's alone"));
        } else {
            chart.broken(
                "private",
                format!("{} may be read or changed by others", path.display()),
                "allow its owner alone (chmod go= FILE); if it is a key, consider it known (SEC-13)",
            );
        }
    }
}

/// The database's clock and this machine's.
pub(super) async fn skew(url: &str, chart: &mut Chart) -> Result<(), Fail> {
    let Some(database) = Database::look(url).await? else {
        return Ok(());
    };
    let before = SystemClock.now();
    let Some(there) = database.now().await? else {
        return Ok(());
    };
    let skew = there.duration_since(before).abs();
    if skew <= SKEW {
        chart.ok("skew", "the database's clock and this machine's agree");
    } else {
        chart.broken(
            "skew",
            format!("the database's clock and this machine's are {skew:#} apart"),
            "set both by the same source of time: the processes of a node tell by the clock whose turn it is",
        );
    }
    Ok(())
}

/// Room on the disk that the node's directory is on.
pub(super) fn room(dir: &Path, chart: &mut Chart) {
    const PART: &str = "disk";
    const MEND: &str =
        "make room: without it nothing is received, and no entry is written (docs/runbook.md)";
    let free = match statvfs(dir) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(e) => return chart.broken(PART, e.to_string(), MEND),
    };
    let what = format!("{} MiB are free", free >> 20);
    match free {
        0..NOTHING => chart.broken(PART, what, MEND),
        NOTHING..LITTLE => chart.look(PART, what, MEND),
        LITTLE.. => chart.ok(PART, what),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Is;
    use super::*;

    fn first(chart: &Chart) -> Is {
        chart.0.first().unwrap().is
    }

    // shows: SEC-13
    #[test]
    fn a_list_of_who_is_known_that_others_may_read_is_broken() {
        let dir = tempfile::tempdir().unwrap();
        let check = |mode: u32, expect: Is| {
            let path = dir.path().join("access.toml");
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let mut chart = Chart::default();
            private(dir.path(), &mut chart);
            assert!(first(&chart) == expect, "{mode:o}");
        };
        check(0o600, Is::Ok);
        check(0o400, Is::Ok);
        check(0o640, Is::Broken);
        check(0o602, Is::Broken);
    }

    #[test]
    fn a_disk_is_measured_and_one_that_is_not_there_is_broken() {
        let dir = tempfile::tempdir().unwrap();
        let mut chart = Chart::default();
        room(dir.path(), &mut chart);
        assert!(first(&chart) != Is::Broken);
        let mut chart = Chart::default();
        room(&dir.path().join("not-there"), &mut chart);
        assert!(first(&chart) == Is::Broken);
    }
}
