//! Are facts, datasets and derived things whole: a type with what it needs, a class, a reason, a window that
//! can be measured?

use std::collections::BTreeSet;

use crate::check::conditions::fits;
use crate::check::{Check, paths};
use crate::condition::Operand;
use crate::grammar::{Entries, Items, Part, Set};
use crate::ids::{DatasetId, FieldName, FieldPath, LabelId, Name, PersonKind, RegisterId};
use crate::law::Law;
use crate::log::At;
use crate::model::{Agreement, Dataset, Derived, Field, Ingredient, Present, ROW_WORDS, RowPer};
use crate::period::Period;
use crate::rules::{ABOUT, CIRCLE, DETAIL, MISSING, NEVER, SHAPE, TELLS, UNDECLARED, WORD};
use crate::value::FieldType;
use crate::words::{Class, Minted, TypeName, Why};

/// The type that a field or fact declares, with its values or its list.
pub(crate) fn declared_type(
    kind: &Part<TypeName>,
    values: &Part<Set<String>>,
    list: &Part<LabelId>,
    law: &Law,
) -> Option<FieldType> {
    Some(match kind.as_ref()?.value {
        TypeName::OneOf => FieldType::OneOf(values.values().into_iter().map(normal).collect()),
        TypeName::WhichOf => FieldType::WhichOf(
            values
                .all()
                .iter()
                .filter_map(|v| FieldPath::parse(&v.value).ok())
                .collect(),
        ),
        TypeName::Listed => {
            let list = list.as_ref()?.value.clone();
            let codes = listed(law, &list)?;
            FieldType::Listed { list, codes }
        }
        plain @ (TypeName::Name
        | TypeName::Text
        | TypeName::Reference
        | TypeName::Code
        | TypeName::Date
        | TypeName::Month
        | TypeName::Year
        | TypeName::Timestamp
        | TypeName::Nino
        | TypeName::Postcode
        | TypeName::Truth
        | TypeName::Address
        | TypeName::DatedAddress
        | TypeName::Email
        | TypeName::Phone
        | TypeName::Count
        | TypeName::Amount
        | TypeName::Country
        | TypeName::Nation
        | TypeName::MatchOutcome
        | TypeName::Contact) => FieldType::Plain(plain),
    })
}

/// The codes of a list, or the members of the latest version of a register.
fn listed(law: &Law, list: &LabelId) -> Option<Vec<String>> {
    if let Some(codes) = law.codes(list) {
        return Some(codes.values.keys().map(ToString::to_string).collect());
    }
    let register = law.register(&RegisterId::parse(list.as_str()).ok()?)?;
    let (_, members) = register.versions.last_key_value()?;
    Some(members.iter().map(ToString::to_string).collect())
}

/// `true` and `false` are read as `yes` and `no`, as tests read them.
fn normal(value: String) -> String {
    match value.as_str() {
        "true" => "yes".to_owned(),
        "false" => "no".to_owned(),
        _ => value,
    }
}

/// The type of what is tested, and whether it can have several values.
pub(crate) fn type_of(a: &Agreement, law: &Law, of: &Operand) -> Option<(FieldType, bool)> {
    match of {
        Operand::Fact(fact) => {
            let fact = &a.facts.entry(fact)?.value;
            let kind = declared_type(&fact.kind, &fact.values, &fact.list, law)?;
            Some((kind, fact.many.is_some()))
        }
        Operand::Field(path) => {
            let (_, origin) = a.origin(path)?;
            let kind = declared_type(&origin.kind, &origin.values, &origin.list, law)?;
            let links = a.links(path)?;
            Some((kind, links.iter().any(|(_, field)| field.many.is_some())))
        }
    }
}

/// Has the dataset a field of a personal or sensitive class?
pub(super) fn has_personal_field(a: &Agreement, dataset: &Dataset) -> bool {
    dataset.columns().any(|(_, field)| {
        let class = match field.copy_of.all().first() {
            Some(source) => a
                .origin(&source.value)
                .and_then(|(_, origin)| origin.class.as_ref()),
            None => field.class.as_ref(),
        };
        class.is_none_or(|c| matches!(c.value, Class::Personal | Class::Sensitive))
    })
}

pub(super) fn check(check: &Check<'_>) {
    let a = check.a;
    for (_, fact) in a.facts.entries() {
        let fact = &fact.value;
        detail(check, &fact.kind, &fact.values, &fact.list);
        if let Some(kind) = fact.kind.as_ref().filter(|k| k.value == TypeName::WhichOf) {
            check.log.fault(
                DETAIL,
                kind.span,
                "a fact does not point to the values of fields",
            );
        }
    }
    for (id, at) in a.datasets.entries() {
        dataset(check, id, at);
    }
    for (_, at) in a.derived.entries() {
        derived(check, &at.value);
    }
}

/// Values and lists stand beside the types that have them.
fn detail(
    check: &Check<'_>,
    kind: &Part<TypeName>,
    values: &Part<Set<String>>,
    list: &Part<LabelId>,
) {
    let Some(kind) = kind else { return };
    let needs = (
        matches!(kind.value, TypeName::OneOf | TypeName::WhichOf),
        kind.value == TypeName::Listed,
    );
    let word = kind.value;
    for (there, needed, key) in [
        (values.as_ref().map(|v| v.span), needs.0, "values"),
        (list.as_ref().map(|l| l.span), needs.1, "list"),
    ] {
        match (there, needed) {
            (None, true) => {
                let message = format!("the type is {word}, and there is no `{key}`");
                check
                    .log
                    .fault(MISSING, kind.span, message)
                    .help(format!("write `{key}:`"));
            }
            (Some(span), false) => {
                let message = format!("a {word} has no `{key}`");
                check
                    .log
                    .fault(DETAIL, span, message)
                    .help("take it out, or write another type");
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    if let Some(list) = list.as_ref().filter(|_| needs.1)
        && listed(check.law, &list.value).is_none()
    {
        let registers = check.law.registers.keys().map(ToString::to_string);
        let codes = check.law.codes.keys().map(ToString::to_string);
        let what = "list of codes or register in the law catalogue";
        let all = codes.chain(registers);
        check.undeclared(what, list.value.as_str(), list.span, all);
    }
    if kind.value == TypeName::WhichOf {
        for value in values.all() {
            let known =
                FieldPath::parse(&value.value).is_ok_and(|path| check.a.field(&path).is_some());
            if !known {
                check.undeclared("field", &value.value, value.span, paths(check.a));
            }
        }
    }
}

fn dataset(check: &Check<'_>, id: &DatasetId, at: &At<Dataset>) {
    let dataset = &at.value;
    check.all_declared("kind of person", dataset.kinds(), check.a.people.names());
    if let Some(row) = &dataset.one_row_per {
        row_per(check, dataset.kinds(), row);
    }
    for information in dataset.information.all() {
        let all: BTreeSet<&LabelId> = check
            .law
            .gateways
            .values()
            .flat_map(|g| &g.ways)
            .flat_map(|w| &w.except)
            .filter_map(|e| e.information.as_ref())
            .collect();
        check.declared(
            "kind of information in the law catalogue",
            information,
            all.iter().copied(),
        );
    }
    if let Some(window) = &dataset.window {
        let window = &window.value;
        if let Some(by) = &window.by {
            row_day(check, id, by);
        }
        civil(check, &window.back);
    }
    for (name, field) in dataset.columns() {
        if let Some(never) = dataset.never.entry(&name.value) {
            let message = format!(
                "the dataset never has {}, as line {} says",
                name.value, never.span.line
            );
            check
                .log
                .fault(NEVER, name.span, message)
                .help("take the field out");
        }
        let path = FieldPath::new(id.clone(), name.value.clone());
        one_field(check, &path, name.span, field, dataset.about_nobody());
        if let Some(present) = &field.present {
            presence(check, id, dataset, present);
        }
        if let Some(only) = &field.only {
            check.declared("condition", only, check.a.conditions.names());
        }
    }
    for (_, never) in dataset.never.entries() {
        if let Some(instead) = &never.value.instead
            && check.a.field(&instead.value).is_none()
        {
            check.undeclared(
                "field",
                &instead.value.to_string(),
                instead.span,
                paths(check.a),
            );
        }
    }
}

fn row_per(check: &Check<'_>, kinds: &[At<PersonKind>], row: &At<RowPer>) {
    match &row.value {
        RowPer::Word(word) => {
            let known =
                ROW_WORDS.contains(&word.as_str()) || kinds.iter().any(|k| k.value == *word);
            if !known {
                let all = kinds
                    .iter()
                    .map(|k| k.value.to_string())
                    .chain(ROW_WORDS.map(str::to_owned));
                let all: Vec<String> = all.collect();
                let message = format!("a row cannot stand for `{word}`");
                check.log.fault(UNDECLARED, row.span, message).help(
                    check
                        .log
                        .did_you_mean(word.as_str(), all.iter().map(String::as_str))
                        .unwrap_or_else(|| {
                            format!("write `{{ each: {word} }}` if a row stands for a thing")
                        }),
                );
            }
        }
        RowPer::RowOf(other) => {
            let at = At::new(other.clone(), row.span);
            check.declared("dataset", &at, check.a.datasets.names());
        }
        RowPer::Each(_) => {}
    }
}

/// The field by which a row's window is measured is a day of that row.
fn row_day(check: &Check<'_>, id: &DatasetId, by: &At<FieldName>) {
    let path = FieldPath::new(id.clone(), by.value.clone());
    if check.a.field(&path).is_none() {
        let all = check
            .a
            .datasets
            .entry(id)
            .into_iter()
            .flat_map(|d| d.value.columns().map(|(n, _)| &n.value));
        check.declared(
            "field in this dataset",
            by,
            all.collect::<Vec<_>>().into_iter(),
        );
        return;
    }
    let kind = type_of(check.a, check.law, &Operand::Field(path));
    if kind.is_some_and(|(kind, _)| !kind.is_day()) {
        let message = format!("a window is measured by a date, and {} is none", by.value);
        check.log.fault(DETAIL, by.span, message);
    }
}

/// A time that is a count of civil days.
pub(super) fn civil(check: &Check<'_>, period: &Part<Period>) {
    if let Some(at) = period
        && at.value.after(jiff::civil::date(2000, 1, 1)).is_none()
    {
        let message = if at.value.unit.is_civil() {
            "this is longer than the calendar"
        } else {
            "this is measured in days, weeks, months or years"
        };
        check.log.fault(WORD, at.span, message);
    }
}

fn one_field(check: &Check<'_>, path: &FieldPath, span: crate::Span, field: &Field, nobody: bool) {
    let log = check.log;
    if field.is_copy() {
        copies(check, path, span, field);
        copied_about(check, path, field);
        for (there, key) in [
            (field.class.as_ref().map(|at| at.span), "class"),
            (field.why.as_ref().map(|at| at.span), "why"),
            (field.handling.as_ref().map(|at| at.span), "handling"),
            (field.minted.as_ref().map(|at| at.span), "minted"),
            (field.tells.as_ref().map(|at| at.span), "tells"),
            (field.values.as_ref().map(|at| at.span), "values"),
            (field.list.as_ref().map(|at| at.span), "list"),
        ] {
            if let Some(span) = there {
                log.fault(
                    DETAIL,
                    span,
                    format!("a copy has the `{key}` of what it copies"),
                )
                .help("take it out");
            }
        }
    } else {
        detail(check, &field.kind, &field.values, &field.list);
        class_and_reason(check, path, span, field, nobody);
        telling(check, path, field);
    }
    if let Some(minted) = &field.minted
        && field
            .kind
            .as_ref()
            .is_some_and(|k| k.value != TypeName::Reference)
    {
        let what = match minted.value {
            Minted::PerRecord => "record",
            Minted::PerCall => "call",
        };
        let message = format!("what the exchange makes for each {what} is a reference");
        log.fault(DETAIL, minted.span, message)
            .help("write `type: reference`");
    }
    if let Some(window) = &field.window {
        civil(check, &window.value.back);
        let dated =
            type_of(check.a, check.law, &Operand::Field(path.clone())).is_none_or(|(kind, _)| {
                kind == FieldType::Plain(TypeName::DatedAddress) || kind.is_day()
            });
        if !dated {
            log.fault(
                DETAIL,
                window.span,
                format!("{path} has no days by which a window is measured"),
            )
            .help(
                "write `type: dated-address` or `date`, or give the dataset a window `by` a date",
            );
        }
    }
}

/// A field that tells its receiver a fact is one value of the fact's type, and goes to somebody who knows it.
fn telling(check: &Check<'_>, path: &FieldPath, field: &Field) {
    let Some(tells) = &field.tells else {
        return;
    };
    if !check.declared("fact", tells, check.a.facts.names()) {
        return;
    }
    let of = |operand| type_of(check.a, check.law, &operand);
    let (fact, cell) = (
        of(Operand::Fact(tells.value.clone())),
        of(Operand::Field(path.clone())),
    );
    if let (Some((fact, _)), Some((cell, many))) = (fact, cell)
        && (fact != cell || many)
    {
        let message = format!(
            "{path} is {}a {}, and {} is one {}",
            if many { "many of " } else { "" },
            cell.name(),
            tells.value,
            fact.name()
        );
        check
            .log
            .fault(TELLS, tells.span, message)
            .help("give both one type, and the field one value");
    }
    let Some(fact) = check.a.facts.entry(&tells.value) else {
        return;
    };
    let known_to = fact.value.known_to.all();
    let arrives = check.a.each_flow().any(|(_, flow)| {
        let sends = flow.value.send.all();
        let to = flow.value.to.as_ref();
        sends.iter().any(|d| d.value == path.dataset)
            && to.is_some_and(|to| known_to.iter().any(|party| party.value == to.value))
    });
    if !arrives {
        let message = format!(
            "{path} tells {}, and no flow sends it to a party to which that fact is known",
            tells.value
        );
        check
            .log
            .fault(TELLS, tells.span, message)
            .help("take `tells` out, or let the receiver know the fact");
    }
}

fn class_and_reason(
    check: &Check<'_>,
    path: &FieldPath,
    span: crate::Span,
    field: &Field,
    nobody: bool,
) {
    let log = check.log;
    let name = &path.field;
    if field.class.is_none() {
        log.fault("LEG-22", span, format!("the field {name} has no `class`"))
            .help("write `class:`: personal, sensitive, reference, de-personalised or none");
    }
    if field.why.is_none() {
        log.fault(
            "LEG-20",
            span,
            format!("the field {name} does not say `why` it is sent"),
        )
        .help("write `why:`, such as [identifies] or [answers]")
        .source("the least data that answers the stated need (Human Rights Act 1998)");
    }
    match field.class.as_ref().map(|c| (c.value, c.span)) {
        Some((Class::Sensitive, span)) if field.handling.is_none() => {
            log.fault(
                "LEG-22",
                span,
                format!("the field {name} is sensitive and has no handling reason"),
            )
            .help("write `handling:` with why it must be sent and how it is guarded");
        }
        Some((class @ (Class::None | Class::DePersonalised), span)) if names_a_person(field) => {
            log.fault(
                "LEG-22",
                span,
                format!("the field {name} tells who somebody is, and its class is {class}"),
            )
            .help("write `class: personal`");
        }
        Some((class @ (Class::None | Class::DePersonalised), span))
            if !nobody && says_of_a_person(field) =>
        {
            log.fault(
                "LEG-22",
                span,
                format!("the field {name} says something of a person, and its class is {class}"),
            )
            .help("write `class: personal`; in a dataset about people only what governs, links or evaluates is of another class");
        }
        Some((Class::Personal | Class::Sensitive, span)) if nobody => {
            log.fault(
                "LEG-22",
                span,
                format!("the dataset is about nobody, and {name} is personal"),
            )
            .help("say whom the dataset is about");
        }
        Some((
            Class::Personal
            | Class::Sensitive
            | Class::Reference
            | Class::DePersonalised
            | Class::None,
            _,
        ))
        | None => {}
    }
}

/// Does a value of this type tell who somebody is?
fn names_a_person(field: &Field) -> bool {
    field.kind.as_ref().is_some_and(|kind| {
        matches!(
            kind.value,
            TypeName::Name
                | TypeName::Nino
                | TypeName::Email
                | TypeName::Phone
                | TypeName::Address
                | TypeName::DatedAddress
                | TypeName::Postcode
                | TypeName::Contact
        )
    })
}

/// Is it there for something else than running the exchange?
fn says_of_a_person(field: &Field) -> bool {
    let runs = |why: &At<Why>| matches!(why.value, Why::Governs | Why::Links | Why::Evaluates);
    !field.why.all().iter().all(runs)
}

/// A copy is about whom its source is about: it does not turn data about one person into data about another, or
/// about nobody.
fn copied_about(check: &Check<'_>, path: &FieldPath, field: &Field) {
    let Some(own) = check.a.datasets.entry(&path.dataset).map(|at| &at.value) else {
        return;
    };
    for source in field.copy_of.all() {
        let Some(from) = check
            .a
            .datasets
            .entry(&source.value.dataset)
            .map(|at| &at.value)
        else {
            continue;
        };
        let kinds = |d: &Dataset| -> BTreeSet<PersonKind> {
            d.kinds().iter().map(|k| k.value.clone()).collect()
        };
        let (to, whom) = (kinds(own), kinds(from));
        let known = to.iter().chain(&whom).all(|k| check.a.people.has(k));
        if known && !whom.is_empty() && (to.is_empty() || !to.is_subset(&whom)) {
            let names = |all: &BTreeSet<PersonKind>| match all.is_empty() {
                true => "nobody".to_owned(),
                false => all
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" and "),
            };
            let message = format!(
                "{} is about {}, and its copy would be about {}",
                source.value,
                names(&whom),
                names(&to)
            );
            check
                .log
                .fault(ABOUT, source.span, message)
                .help("let both datasets be about the same people");
        }
    }
}

/// What a field copies is there, ends at fields of their own, and has one type.
fn copies(check: &Check<'_>, path: &FieldPath, span: crate::Span, field: &Field) {
    let mut there = true;
    for source in field.copy_of.all() {
        if check.a.field(&source.value).is_none() {
            check.undeclared(
                "field",
                &source.value.to_string(),
                source.span,
                paths(check.a),
            );
            there = false;
        } else if check.a.origins(&source.value).is_none() {
            // A copy of what is not there is told at that copy.
            if chain_is_declared(check.a, &source.value) {
                let message = format!("the copy of {} ends at no field of its own", source.value);
                check.log.fault(CIRCLE, source.span, message);
            }
            there = false;
        }
    }
    if !there {
        return;
    }
    let types: Vec<(&At<FieldPath>, FieldType)> = field
        .copy_of
        .all()
        .iter()
        .filter_map(|s| {
            Some((
                s,
                type_of(check.a, check.law, &Operand::Field(s.value.clone()))?.0,
            ))
        })
        .collect();
    if let [(_, first), rest @ ..] = types.as_slice()
        && let Some((source, other)) = rest.iter().find(|(_, kind)| kind != first)
    {
        let message = format!(
            "{path} would hold a {} and, from {}, a {}",
            first.name(),
            source.value,
            other.name()
        );
        check
            .log
            .fault(SHAPE, source.span, message)
            .help("make two fields of it");
    }
    if field.copy_of.all().len() > 1 && field.many.is_none() {
        let message =
            format!("{path} copies several fields and says not how many values it may have");
        check
            .log
            .fault(MISSING, span, message)
            .help("write `many: { up-to: 4 }`");
    }
}

fn chain_is_declared(a: &Agreement, path: &FieldPath) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![path.clone()];
    while let Some(path) = next.pop() {
        let Some(field) = a.field(&path) else {
            return false;
        };
        if seen.insert(path) {
            next.extend(field.copy_of.values());
        }
    }
    true
}

fn presence(check: &Check<'_>, id: &DatasetId, dataset: &Dataset, present: &At<Present>) {
    let names: Vec<&FieldName> = dataset.columns().map(|(n, _)| &n.value).collect();
    match &present.value {
        Present::Word(_) => {}
        Present::UnlessKnown(other) => {
            let at = At::new(other.clone(), present.span);
            check.declared("field in this dataset", &at, names.into_iter());
        }
        Present::When(test) => {
            let of = &test.of;
            let own = FieldName::parse_name(&of.value.0).ok();
            match own.filter(|name| names.contains(&name)) {
                None => check.undeclared(
                    "field in this dataset",
                    &of.value.0,
                    of.span,
                    names.into_iter(),
                ),
                Some(name) => {
                    let path = FieldPath::new(id.clone(), name);
                    if let Some((kind, _)) = type_of(check.a, check.law, &Operand::Field(path)) {
                        fits(check, &of.value.0, of.span, &test.test, &kind);
                    }
                }
            }
        }
    }
}

fn derived(check: &Check<'_>, derived: &Derived) {
    let a = check.a;
    check.all_declared("kind of person", derived.kinds(), a.people.names());
    check.all_declared("purpose", derived.purposes.all(), a.purposes.names());
    if let Some(at) = &derived.at {
        check.declared("party", at, a.parties.names());
    }
    if let Some(row) = &derived.one_row_per {
        row_per(check, derived.kinds(), row);
    }
    for one in derived.out_of.all() {
        ingredient(check, derived, one);
    }
    serves_as_it_came(check, derived);
    for role in derived.seen_by.all() {
        let at = At::new(role.value.party(), role.span);
        if check.declared("party", &at, a.parties.names())
            && derived.at.as_ref().is_some_and(|p| p.value != at.value)
        {
            let message = format!(
                "{} sees what another party calculates and keeps",
                role.value
            );
            check
                .log
                .fault("LEG-23", role.span, message)
                .help("only roles of the party that calculates may see it");
        }
    }
    let Some(fields) = &derived.fields else {
        return;
    };
    for (name, field) in &fields.value.0 {
        if field.is_copy() {
            let message = format!("{} is calculated, and no copy", name.value);
            check.log.fault(DETAIL, name.span, message);
            continue;
        }
        for (there, key) in [
            (field.off_until.as_ref().map(|at| at.span), "off-until"),
            (field.only.as_ref().map(|at| at.span), "only"),
            (field.minted.as_ref().map(|at| at.span), "minted"),
            (field.tells.as_ref().map(|at| at.span), "tells"),
            (field.window.as_ref().map(|at| at.span), "window"),
        ] {
            if let Some(span) = there {
                let message = format!("what is calculated has no `{key}`");
                check.log.fault(DETAIL, span, message).help("take it out");
            }
        }
        detail(check, &field.kind, &field.values, &field.list);
        // A path is only a name for messages here: the fields of a derived thing are in no dataset.
        if let Ok(dataset) = DatasetId::parse("derived") {
            let path = FieldPath::new(dataset, name.value.clone());
            class_and_reason(check, &path, name.span, field, derived.kinds().is_empty());
        }
    }
}

/// What is calculated is about whom its ingredients are about, and serves the purposes for which they came.
fn serves_as_it_came(check: &Check<'_>, derived: &Derived) {
    let a = check.a;
    let here: Vec<&DatasetId> = derived
        .out_of
        .all()
        .iter()
        .filter_map(|one| match &one.value {
            Ingredient::Here(dataset) => Some(dataset),
            Ingredient::Elsewhere(_) => None,
        })
        .collect();
    let datasets: Vec<&Dataset> = here
        .iter()
        .filter_map(|d| a.datasets.entry(d))
        .map(|at| &at.value)
        .collect();
    if datasets.len() == here.len() {
        for kind in derived.kinds() {
            let about = datasets
                .iter()
                .any(|d| d.kinds().iter().any(|k| k.value == kind.value));
            if !about && !datasets.is_empty() && a.people.has(&kind.value) {
                let message = format!(
                    "nothing that this is calculated out of is about {}",
                    kind.value
                );
                check.log.fault(ABOUT, kind.span, message);
            }
        }
    }
    let Some(at) = &derived.at else { return };
    for dataset in here {
        let came_for = check.moves.came_for(&at.value, dataset);
        for purpose in derived.purposes.all() {
            if came_for
                .as_ref()
                .is_some_and(|all| !all.contains(&purpose.value))
                && a.purposes.has(&purpose.value)
            {
                let message = format!(
                    "{dataset} did not come to {} for {}",
                    at.value, purpose.value
                );
                check
                    .log
                    .fault("LEG-23", purpose.span, message)
                    .help("what was received is used for the purposes for which it came");
            }
        }
    }
}

fn ingredient(check: &Check<'_>, derived: &Derived, one: &At<Ingredient>) {
    match &one.value {
        Ingredient::Here(dataset) => {
            let at = At::new(dataset.clone(), one.span);
            if check.declared("dataset", &at, check.a.datasets.names())
                && let Some(party) = &derived.at
                && check.moves.is_complete()
                && !check.moves.has(&party.value, dataset)
            {
                let message = format!(
                    "{} calculates with {dataset}, which it neither sends nor receives",
                    party.value
                );
                check.log.fault(crate::rules::HAVE, one.span, message);
            }
        }
        Ingredient::Elsewhere(elsewhere) => {
            let (Some(agreement), Some(dataset)) = (&elsewhere.agreement, &elsewhere.dataset)
            else {
                return;
            };
            match check.library.get(&agreement.value) {
                Some(other) => {
                    if !other.datasets.contains(&dataset.value) {
                        let what = format!("dataset in the agreement {}", agreement.value);
                        check.declared(&what, dataset, other.datasets.iter());
                    }
                }
                None if elsewhere.present.is_some() => {}
                None => {
                    let message = format!(
                        "a calculation needs {} of {}, and that agreement is not beside this one",
                        dataset.value, agreement.value
                    );
                    check
                        .log
                        .fault(UNDECLARED, agreement.span, message)
                        .help("add its file, or write `present: if-held` where the calculation can do without");
                }
            }
        }
    }
}
