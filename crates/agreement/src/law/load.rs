//! Reads the files of the law catalogue: each on its own, then the names that refer across files.

use std::collections::BTreeMap;

use crate::grammar::{Entries, Items, Named, Part, Written};
use crate::ids::{BodyId, KindId, LabelId, Name};
use crate::law::file::{self, LawFile};
use crate::law::{
    AdequacyList, AgreementRule, Approvals, Body, BodyKind, Calendar, Codes, Duty, Except, Gateway,
    InForce, Instrument, Law, LawFault, OnlyWhere, Regime, Register, Way, Who,
};
use crate::log::{At, Log, cut};
use crate::rules::{TWICE, UNDECLARED, WORD};
use crate::value::NATIONS;
use crate::words::Scope;
use document::parse;

pub(super) fn load(texts: &[(&str, &str)]) -> Result<Law, LawFault> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for (name, content) in texts {
        let log = Log::new(name);
        let parsed = document::text(content.as_bytes()).and_then(parse);
        match parsed {
            Err(bad) => {
                crate::unreadable::tell(&bad, &log);
            }
            Ok((root, twice)) => {
                for bad in &twice {
                    crate::unreadable::tell(bad, &log);
                }
                if let Some(file) = LawFile::read(&root, &log) {
                    files.push((file, log));
                    continue;
                }
            }
        }
        faults.extend(log.into_diagnostics());
    }
    let law = assemble(&files);
    for (file, log) in files {
        resolve(&file, &log, &law);
        faults.extend(log.into_diagnostics());
    }
    if faults.is_empty() {
        Ok(law)
    } else {
        Err(LawFault(faults))
    }
}

type Files = [(LawFile, Log)];

/// Joins one block of all files; a name that stands in two of them is a fault of the later one.
fn join<K: Name, V, T>(
    files: &Files,
    block: impl Fn(&LawFile) -> &Part<Named<K, V>>,
    make: impl Fn(&V) -> Option<T>,
) -> BTreeMap<K, T> {
    let mut out = BTreeMap::new();
    for (file, log) in files {
        for (name, at) in block(file).entries() {
            // A row without one of its parts has had its fault told.
            let Some(made) = make(&at.value) else {
                continue;
            };
            if out.insert(name.clone(), made).is_some() {
                let message = format!("{name} stands in another file of the catalogue too");
                log.fault(TWICE, at.span, message);
            }
        }
    }
    out
}

fn assemble(files: &Files) -> Law {
    let bodies = join(files, |f| &f.bodies, body);
    let kinds = join(files, |f| &f.kinds, kind);
    let who = |who: &file::Who| self::who(who, &bodies, &kinds);
    Law {
        registers: join(files, |f| &f.registers, register),
        purposes: join(files, |f| &f.purposes, |text| Some(text.clone())),
        guidance: join(
            files,
            |f| &f.guidance,
            |all| Some(all.0.iter().map(|at| at.value.clone()).collect()),
        ),
        instruments: join(
            files,
            |f| &f.instruments,
            |row| {
                Some(Instrument {
                    cites: given(&row.cites)?,
                    effective: effective(&row.effective),
                })
            },
        ),
        gateways: join(files, |f| &f.gateways, |row| gateway(row, &who)),
        regimes: join(files, |f| &f.regimes, regime),
        adequacy: files
            .iter()
            .flat_map(|(f, _)| f.adequacy.all())
            .map(|at| AdequacyList {
                effective: effective(&at.value.effective),
                area: at.value.area.values(),
                exempt: at.value.exempt.values(),
                always: at.value.always.values(),
                checks: at.value.checks.values(),
            })
            .collect(),
        calendars: join(files, |f| &f.calendars, calendar),
        approvals: join(files, |f| &f.approvals, approvals),
        codes: join(files, |f| &f.codes, codes),
        duties: join(files, |f| &f.duties, duty),
        agreements: files
            .iter()
            .flat_map(|(f, _)| f.agreements.entries())
            .filter_map(|(_, at)| {
                Some(AgreementRule {
                    kind: given(&at.value.kind)?,
                    with: given(&at.value.with)?,
                    rule: given(&at.value.rule)?.0,
                })
            })
            .collect(),
        clauses: join(files, |f| &f.clauses, |text| Some(text.clone())),
        grades: files
            .iter()
            .flat_map(|(f, _)| f.grades.all())
            .map(|at| at.value.titles.values().into_iter().collect())
            .collect(),
        bodies,
        kinds,
        digest: [0; 32],
    }
}

fn given<T: Clone>(part: &Part<T>) -> Option<T> {
    part.as_ref().map(|at| at.value.clone())
}

fn effective(part: &Part<file::Effective>) -> InForce {
    part.as_ref().map_or(InForce::default(), |at| InForce {
        from: given(&at.value.from),
        until: given(&at.value.until),
    })
}

fn kind(row: &file::KindRow) -> Option<BodyKind> {
    Some(BodyKind {
        title: given(&row.title)?,
        commercial: row.commercial.is_some(),
        processor_only: row.processor_only.is_some(),
    })
}

fn body(row: &file::BodyRow) -> Option<Body> {
    Some(Body {
        title: given(&row.title)?,
        kind: given(&row.kind)?,
        country: given(&row.country)?,
        part_of: given(&row.part_of),
        approvals: given(&row.approvals),
    })
}

fn register(row: &file::RegisterRow) -> Option<Register> {
    Some(Register {
        title: given(&row.title)?,
        kind: given(&row.kind),
        versions: row
            .versions
            .all()
            .iter()
            .filter_map(|v| Some((given(&v.value.date)?, v.value.members.values())))
            .collect(),
    })
}

fn who(
    who: &file::Who,
    bodies: &BTreeMap<BodyId, Body>,
    kinds: &BTreeMap<KindId, BodyKind>,
) -> Who {
    let file::Who::Named(names) = who else {
        return Who::Any;
    };
    let names = || names.0.iter().map(|at| at.value.as_str());
    Who::These {
        bodies: names()
            .filter_map(|n| BodyId::parse(n).ok())
            .filter(|b| bodies.contains_key(b))
            .collect(),
        kinds: names()
            .filter_map(|n| KindId::parse(n).ok())
            .filter(|k| kinds.contains_key(k))
            .collect(),
    }
}

fn gateway(row: &file::GatewayRow, who: &impl Fn(&file::Who) -> Who) -> Option<Gateway> {
    let ways = row.ways.all().iter().map(|at| {
        let way = &at.value;
        Some(Way {
            from: who(&way.from.as_ref()?.value),
            to: who(&way.to.as_ref()?.value),
            purposes: way.purposes.values(),
            except: way
                .except
                .all()
                .iter()
                .map(|at| {
                    let e = &at.value;
                    Some(Except {
                        from: who(&e.from.as_ref()?.value),
                        information: given(&e.information),
                        instead: given(&e.instead),
                        rule: given(&e.rule)?.0,
                    })
                })
                .collect::<Option<_>>()?,
        })
    });
    let territory = match row.territory.all() {
        [] => NATIONS.map(str::to_owned).to_vec(),
        nations => nations
            .iter()
            .map(|n| n.value.as_str().to_owned())
            .collect(),
    };
    Some(Gateway {
        cites: given(&row.cites)?,
        ways: ways.collect::<Option<_>>()?,
        territory,
        scope: given(&row.scope).unwrap_or(Scope::Batch),
        needs_why: row.needs_why.is_some(),
        read_with: row.read_with.values(),
        may_be_with: row.may_be_with.values(),
        limbs: row
            .limbs
            .entries()
            .map(|(limb, at)| {
                (
                    limb.clone(),
                    at.value.0.iter().map(|p| p.value.clone()).collect(),
                )
            })
            .collect(),
        areas: given(&row.areas),
        only_where: match &row.only_where {
            Some(at) => Some(OnlyWhere {
                values: at.value.values.values(),
                rule: given(&at.value.rule)?.0,
            }),
            None => None,
        },
        documented: row.documented.is_some(),
        non_personal: row.non_personal.is_some(),
        conditions: row.conditions.values(),
        effective: effective(&row.effective),
        verified: match &row.verified {
            Some(at) => Some((given(&at.value.by)?, given(&at.value.on)?)),
            None => None,
        },
        checks: row.checks.values(),
        rule: given(&row.rule).map(|r| r.0),
    })
}

fn texts<K: Name>(part: &Part<Named<K, String>>) -> BTreeMap<K, String> {
    part.entries()
        .map(|(k, at)| (k.clone(), at.value.clone()))
        .collect()
}

fn regime(row: &file::RegimeRow) -> Option<Regime> {
    Some(Regime {
        title: given(&row.title)?,
        effective: effective(&row.effective),
        access: given(&row.access)?,
        principles: texts(&row.principles),
        exemptions: texts(&row.exemptions),
        impact: given(&row.impact)?,
        impact_needed: row.impact_needed.is_some(),
        lawful_bases: texts(&row.lawful_bases),
        checks: row.checks.values(),
    })
}

fn calendar(row: &file::CalendarRow) -> Option<Calendar> {
    Some(Calendar {
        title: given(&row.title)?,
        from: given(&row.from)?,
        until: given(&row.until)?,
        holidays: row.holidays.values().into_iter().collect(),
    })
}

fn approvals(row: &file::ApprovalRow) -> Option<Approvals> {
    Some(Approvals {
        title: given(&row.title)?,
        over: given(&row.over)?.0,
        within: given(&row.within)?,
        above: given(&row.above)?,
        below: given(&row.below)?,
    })
}

fn codes(row: &file::CodesRow) -> Option<Codes> {
    Some(Codes {
        title: given(&row.title)?,
        values: row
            .values
            .entries()
            .map(|(code, at)| {
                let names = (given(&at.value.printed)?, given(&at.value.official)?);
                Some((code.clone(), names))
            })
            .collect::<Option<_>>()?,
    })
}

fn duty(row: &file::DutyRow) -> Option<Duty> {
    Some(Duty {
        cites: given(&row.cites)?,
        binds: row.binds.values(),
        minors: row.minors.is_some(),
        effective: effective(&row.effective),
        rule: given(&row.rule)?.0,
    })
}

/// Every name that the catalogue's parts use is declared in it.
fn resolve(file: &LawFile, log: &Log, law: &Law) {
    let declared = Declared { log };
    for (name, at) in file.bodies.entries() {
        let row = &at.value;
        declared.one("kind of body", &row.kind, law.kinds.keys());
        declared.one("body", &row.part_of, law.bodies.keys());
        declared.one("rule about approvals", &row.approvals, law.approvals.keys());
        let clash = KindId::parse(name.as_str()).is_ok_and(|kind| law.kinds.contains_key(&kind));
        if clash {
            log.fault(
                TWICE,
                at.span,
                format!("{name} is the name of a kind of body too"),
            );
        }
    }
    for (_, at) in file.registers.entries() {
        declared.one("kind of body", &at.value.kind, law.kinds.keys());
    }
    for (purpose, at) in file.guidance.entries() {
        let purpose = [At::new(purpose.clone(), at.span)];
        declared.all("legal purpose", &purpose, law.purposes.keys());
    }
    for (_, at) in file.instruments.entries() {
        ordered(&at.value.effective, log);
    }
    for (_, at) in file.regimes.entries() {
        ordered(&at.value.effective, log);
    }
    for (_, at) in file.duties.entries() {
        declared.all("body", at.value.binds.all(), law.bodies.keys());
    }
    for (_, at) in file.agreements.entries() {
        declared.one("body", &at.value.with, law.bodies.keys());
    }
    for (_, at) in file.calendars.entries() {
        if let (Some(from), Some(until)) = (&at.value.from, &at.value.until)
            && until.value < from.value
        {
            log.fault(WORD, until.span, "the last day is before the first");
        }
    }
    for (_, at) in file.gateways.entries() {
        gateway_names(&at.value, &declared, law);
        ordered(&at.value.effective, log);
    }
}

fn gateway_names(row: &file::GatewayRow, declared: &Declared<'_>, law: &Law) {
    let purposes = law.purposes.keys();
    for at in row.ways.all() {
        let way = &at.value;
        for end in [&way.from, &way.to].into_iter().flatten() {
            declared.who(&end.value, law);
        }
        declared.all("legal purpose", way.purposes.all(), purposes.clone());
        for except in way.except.all() {
            if let Some(from) = &except.value.from {
                declared.who(&from.value, law);
            }
            declared.one("gateway", &except.value.instead, law.gateways.keys());
        }
    }
    for (_, limb) in row.limbs.entries() {
        declared.all("legal purpose", &limb.value.0, purposes.clone());
    }
    for with in [&row.read_with, &row.may_be_with] {
        declared.all("instrument", with.all(), law.instruments.keys());
    }
    declared.one("register", &row.areas, law.registers.keys());
}

fn ordered(effective: &Part<file::Effective>, log: &Log) {
    if let Some(at) = effective
        && let (Some(from), Some(until)) = (&at.value.from, &at.value.until)
        && until.value < from.value
    {
        log.fault(WORD, until.span, "the last day is before the first");
    }
}

struct Declared<'a> {
    log: &'a Log,
}

impl Declared<'_> {
    fn one<'n, T: Name + 'n>(
        &self,
        what: &str,
        used: &Part<T>,
        all: impl Iterator<Item = &'n T> + Clone,
    ) {
        if let Some(at) = used {
            self.all(what, std::slice::from_ref(at), all);
        }
    }

    fn all<'n, T: Name + 'n>(
        &self,
        what: &str,
        used: &[At<T>],
        all: impl Iterator<Item = &'n T> + Clone,
    ) {
        for at in used {
            if !all.clone().any(|known| *known == at.value) {
                let names: Vec<String> = all.clone().map(ToString::to_string).collect();
                self.undeclared(what, &at.value.to_string(), at.span, &names);
            }
        }
    }

    fn who(&self, who: &file::Who, law: &Law) {
        let file::Who::Named(names) = who else { return };
        let known: Vec<String> = law
            .bodies
            .keys()
            .map(ToString::to_string)
            .chain(law.kinds.keys().map(ToString::to_string))
            .collect();
        for name in &names.0 {
            let at: &At<LabelId> = name;
            if !known.iter().any(|k| k == at.value.as_str()) {
                self.undeclared("body or kind of body", at.value.as_str(), at.span, &known);
            }
        }
    }

    fn undeclared(&self, what: &str, name: &str, span: crate::Span, known: &[String]) {
        let message = format!("there is no {what} named `{}` in the catalogue", cut(name));
        self.log.fault(UNDECLARED, span, message).maybe(
            self.log
                .did_you_mean(name, known.iter().map(String::as_str)),
        );
    }
}
