//! Who is known to the node: `access.toml`, beside `node.toml`. People and programs are listed by name (PTY-06); whoever
//! is not listed does not come in, whatever their token says. No secret stands in it.

use std::collections::{BTreeMap, BTreeSet};

use agreement::Clearance;
use exchange::authority::Role;
use exchange::ids::{AgreementId, PartyId, StaffId};
use jiff::civil::Date;
use jsonwebtoken::jwk::JwkSet;
use ledger::Digest;
use serde::Deserialize;

use crate::people::provider::SignIn;

/// What is wrong with the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("access.toml: {0}")]
pub struct AccessFault(String);

fn wrong(what: impl Into<String>) -> AccessFault {
    AccessFault(what.into())
}

/// What is wrong with a list of the node's owner, with its line; the line itself is not quoted, since the fault goes to the
/// log (docs/logging.md).
pub fn line_of(text: &str, fault: &toml::de::Error) -> String {
    let before = fault.span().and_then(|span| text.get(..span.start));
    match before {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            format!("line {line}: {}", fault.message())
        }
        None => fault.message().to_owned(),
    }
}

/// Who may use the service (docs/api.md). It is read again every few seconds. No secret stands in it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    /// What a token for this service is issued for: `https://ho.example/concordat`.
    audience: String,
    /// Whose tokens are accepted.
    issuer: Vec<Issuer>,
    /// The people who are known.
    #[serde(default)]
    person: Vec<PersonLine>,
    /// The programs that are known.
    #[serde(default)]
    system: Vec<SystemLine>,
    /// The nodes of other parties that are known.
    #[serde(default)]
    node: Vec<NodeLine>,
    /// How people sign in with a browser. None: they do not.
    sign_in: Option<SignIn>,
    /// How many people of each team are expected.
    #[serde(default)]
    baseline: Vec<Baseline>,
}

/// How many people of a party's team were listed when somebody last reviewed that (PTY-06): a measure, not a limit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Baseline {
    /// The party.
    pub party: PartyId,
    /// The team.
    pub team: String,
    /// So many.
    pub people: usize,
}

/// An issuer of tokens.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Issuer {
    /// As tokens name it, exactly: `https://login.ho.example`.
    name: String,
    /// The file of its public keys, a JWK set, beside `access.toml`.
    keys: String,
}

/// A person who may come in.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct PersonLine {
    /// The opaque handle, as on the command line.
    staff: StaffId,
    /// One of the issuers that are listed.
    issuer: String,
    /// The issuer's name for them.
    subject: String,
    /// What they are, such as `caseworker`: a role of the node, or `auditor`.
    role: String,
    /// The party whose staff they are; only staff of this node's party has a role here, others are auditors (PTY-07).
    party: PartyId,
    /// Their clearance (PTY-08, PTY-10): `none`, `bpss`, `ctc`, `sc` or `dv`.
    clearance: String,
    /// Are they authorised for the data of exchanges (PTY-08, PTY-09)?
    authorised: bool,
    /// The last day on which their training counts (PTY-17).
    trained_until: Date,
    /// Their teams; only the team `matching` reads exchange files (PTY-11).
    #[serde(default)]
    teams: BTreeSet<String>,
    /// The agreements that they work under, or `["all"]`.
    agreements: Vec<String>,
    /// The last day of the access; an auditor must have one.
    until: Option<Date>,
    /// Who said that they may come in.
    granted_by: StaffId,
    /// Who set that up: another person (SEC-12).
    provisioned_by: StaffId,
}

/// A program that may come in.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct SystemLine {
    /// The program, as its issuer names it.
    client: String,
    /// One of the issuers that are listed.
    issuer: String,
    /// The party whose program it is.
    party: PartyId,
    /// The agreements that it works under, or `["all"]`.
    agreements: Vec<String>,
    /// Who said that it may come in.
    granted_by: StaffId,
    /// Who set that up: another person (SEC-12).
    provisioned_by: StaffId,
}

/// The node of another party, which calls this one.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct NodeLine {
    /// The party.
    party: PartyId,
    /// SHA-256 of its client certificate in DER form; several while one is replaced by another.
    certificates: Vec<Digest>,
    /// Who said that it may call.
    granted_by: StaffId,
    /// Who set that up: another person (SEC-12).
    provisioned_by: StaffId,
}

/// A person who is known.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) staff: StaffId,
    /// The role in the node; none for an auditor, who changes nothing.
    pub(crate) role: Option<Role>,
    pub(crate) party: PartyId,
    pub(crate) clearance: Clearance,
    pub(crate) authorised: bool,
    pub(crate) trained_until: Date,
    pub(crate) teams: BTreeSet<String>,
    pub(crate) agreements: Option<BTreeSet<AgreementId>>,
    pub(crate) until: Option<Date>,
}

/// A program that is known.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) party: PartyId,
    pub(crate) agreements: Option<BTreeSet<AgreementId>>,
}

/// Who is known to the node.
#[derive(Debug)]
pub struct Access {
    pub(crate) audience: String,
    pub(crate) issuers: BTreeMap<String, JwkSet>,
    /// By issuer and subject.
    pub(crate) people: BTreeMap<(String, String), Known>,
    /// By issuer and client.
    pub(crate) programs: BTreeMap<(String, String), Program>,
    /// The parties whose nodes call, by the digest of their client certificate.
    pub(crate) nodes: BTreeMap<Digest, PartyId>,
    /// How people sign in; none where they do not.
    pub(crate) sign_in: Option<SignIn>,
    baseline: Vec<Baseline>,
}

/// The role of somebody who looks at everything and changes nothing, for a time.
pub(crate) const AUDITOR: &str = "auditor";

impl Access {
    /// Reads the list of the node of `party`; `read` gives the text of a file beside it.
    ///
    /// # Errors
    /// [`AccessFault`]: the form, a name that is used twice, an issuer that is not listed, one person who both granted
    /// and provisioned (SEC-12), an auditor without an end, staff of another party in a role that decides, a
    /// certificate of two nodes or of this party's own, or a sign-in over anything but `https`.
    pub fn read(
        text: &str,
        party: &PartyId,
        read: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Self, AccessFault> {
        let file: File = toml::from_str(text).map_err(|e| wrong(line_of(text, &e)))?;
        let mut issuers = BTreeMap::new();
        for issuer in file.issuer {
            let keys = read(&issuer.keys).map_err(wrong)?;
            let keys: JwkSet = serde_json::from_str(&keys)
                .map_err(|_| wrong(format!("{} is no JWK set (RFC 7517)", issuer.keys)))?;
            if issuers.insert(issuer.name.clone(), keys).is_some() {
                return Err(wrong(format!("the issuer {} is listed twice", issuer.name)));
            }
        }
        let mut ids = BTreeSet::new();
        for key in issuers.values().flat_map(|keys| &keys.keys) {
            let id = key.common.key_id.as_ref();
            let id = id.ok_or_else(|| wrong("a key of an issuer has no id (kid)"))?;
            if !ids.insert(id.clone()) {
                return Err(wrong(format!("two keys of issuers have the id {id}")));
            }
        }
        let mut people = BTreeMap::new();
        for line in file.person {
            let key = named(&issuers, &line.issuer, &line.subject)?;
            let staff = line.staff.clone();
            if people.insert(key, line.known(party)?).is_some() {
                return Err(wrong(format!("the subject of {staff} is listed twice")));
            }
        }
        let mut programs = BTreeMap::new();
        for line in file.system {
            separate(&line.client, &line.granted_by, &line.provisioned_by)?;
            let key = named(&issuers, &line.issuer, &line.client)?;
            let program = Program {
                party: line.party,
                agreements: scope(&line.agreements)?,
            };
            if people.contains_key(&key) || programs.insert(key, program).is_some() {
                return Err(wrong(format!("{} is listed twice", line.client)));
            }
        }
        let mut nodes = BTreeMap::new();
        for line in file.node {
            separate(line.party.as_str(), &line.granted_by, &line.provisioned_by)?;
            if line.party == *party {
                return Err(wrong(format!("{party} does not call its own node")));
            }
            for certificate in line.certificates {
                if nodes.insert(certificate, line.party.clone()).is_some() {
                    return Err(wrong(format!(
                        "the certificate {certificate} is listed twice"
                    )));
                }
            }
        }
        if let Some(sign_in) = &file.sign_in {
            sign_in.check().map_err(wrong)?;
            named(&issuers, &sign_in.issuer, &sign_in.client)?;
        }
        Ok(Self {
            audience: file.audience,
            issuers,
            people,
            programs,
            nodes,
            sign_in: file.sign_in,
            baseline: file.baseline,
        })
    }

    /// The teams of which more people are listed, with access on `today`, than when that was last reviewed; with how many
    /// there are (PTY-06).
    pub fn grown(&self, today: Date) -> Vec<(&Baseline, usize)> {
        let count = |of: &Baseline| {
            let here = self.people.values().filter(|known| {
                let current = known.until.is_none_or(|last| today <= last);
                current && known.party == of.party && known.teams.contains(&of.team)
            });
            here.count()
        };
        let all = self.baseline.iter().map(|of| (of, count(of)));
        all.filter(|(of, listed)| *listed > of.people).collect()
    }
}

impl PersonLine {
    fn known(self, node: &PartyId) -> Result<Known, AccessFault> {
        let staff = self.staff;
        separate(staff.as_str(), &self.granted_by, &self.provisioned_by)?;
        let role = Role::ALL.iter().find(|r| r.as_str() == self.role).copied();
        if role.is_none() && self.role != AUDITOR {
            return Err(wrong(format!("{staff} has the unknown role {}", self.role)));
        }
        if role.is_none() && self.until.is_none() {
            return Err(wrong(format!(
                "{staff} is an auditor and needs the last day of the access: until"
            )));
        }
        if role.is_some() && self.party != *node {
            return Err(wrong(format!(
                "{staff} is staff of {}, and only staff of {node} has a role here (PTY-07): give the role {AUDITOR}",
                self.party
            )));
        }
        let clearance = Clearance::ALL
            .iter()
            .find(|(name, _)| *name == self.clearance);
        let (_, clearance) = clearance.ok_or_else(|| {
            let all: Vec<_> = Clearance::ALL.iter().map(|(name, _)| *name).collect();
            wrong(format!(
                "{staff} has no clearance out of {}",
                all.join(", ")
            ))
        })?;
        Ok(Known {
            role,
            party: self.party,
            clearance: *clearance,
            authorised: self.authorised,
            trained_until: self.trained_until,
            teams: self.teams,
            agreements: scope(&self.agreements)?,
            until: self.until,
            staff,
        })
    }
}

/// Granting and provisioning are done by different people (SEC-12).
fn separate(who: &str, granted: &StaffId, provisioned: &StaffId) -> Result<(), AccessFault> {
    if granted == provisioned {
        return Err(wrong(format!(
            "{granted} both granted and provisioned the access of {who}: two people do that (SEC-12)"
        )));
    }
    if granted.as_str() == who || provisioned.as_str() == who {
        return Err(wrong(format!(
            "{who} granted or provisioned their own access (SEC-12)"
        )));
    }
    Ok(())
}

fn named(
    issuers: &BTreeMap<String, JwkSet>,
    issuer: &str,
    subject: &str,
) -> Result<(String, String), AccessFault> {
    if issuers.contains_key(issuer) {
        Ok((issuer.to_owned(), subject.to_owned()))
    } else {
        Err(wrong(format!("the issuer {issuer} is not listed")))
    }
}

/// `["all"]`, or the names of agreements.
fn scope(names: &[String]) -> Result<Option<BTreeSet<AgreementId>>, AccessFault> {
    if names == ["all"] {
        return Ok(None);
    }
    let ids = names.iter().map(|name| AgreementId::parse(name));
    let ids = ids.collect::<Result<_, _>>();
    ids.map(Some).map_err(|e| wrong(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_has_its_line_and_the_line_is_not_quoted() {
        let text =
            "audience = \"a\"\nissuer = []\n[[person]]\nstaff = \"c1\"\nnickname = \"Quennell\"\n";
        let party = PartyId::parse("ho").unwrap();
        let fault = Access::read(text, &party, |_| Err(String::new())).unwrap_err();
        let told = fault.to_string();
        assert!(
            told.contains("line 5") && told.contains("nickname"),
            "{told}"
        );
        assert!(!told.contains("Quennell"), "{told}");
    }
}
