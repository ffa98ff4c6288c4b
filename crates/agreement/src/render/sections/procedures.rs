//! Section 4: how things are asked for, and what goes from whom to whom.

use super::{Draft, in_file_order};
use crate::grammar::Items;
use crate::ids::FlowId;
use crate::log::At;
use crate::model::{self, SUBJECT};
use crate::plan::Flow;
use crate::render::Sheet;
use crate::render::diagram::{Arrow, Diagram};
use crate::render::memo::Block;
use crate::render::words::{self, and, plain, quoted};

pub(super) fn procedures(sheet: &Sheet<'_>) -> Vec<Draft> {
    let a = sheet.a;
    let mut all = vec![requests(sheet), overview(sheet), routes(sheet)];
    for (id, at) in in_file_order(&a.flows) {
        if let Some(flow) = sheet.whole.flows.get(id) {
            all.push(one_flow(sheet, id, at, flow));
        }
    }
    let more = Draft::new(5, "procedures", "More about procedures");
    all.push(match &a.prose {
        Some(prose) => more.prose(sheet, &prose.value.procedures),
        None => more,
    });
    all
}

fn requests(sheet: &Sheet<'_>) -> Draft {
    let draft = Draft::new(1, "requests", "How information is asked for");
    let Some(at) = &sheet.a.requests else {
        return draft;
    };
    let requests = &at.value;
    let asked_in = requests.asked_in.as_ref().map_or("", |i| i.value.as_str());
    let mut draft = draft.text(match asked_in {
        "software" => "Information is asked for by the programs that this agreement names",
        _ => "Information is asked for in writing",
    });
    let exceptions: Vec<String> = requests.exceptions.values();
    if !exceptions.is_empty() {
        draft = draft.text(format!(
            "In exceptional circumstances it is asked for otherwise: {}",
            words::or(&exceptions)
        ));
    }
    draft = draft
        .text("Each request is justified as follows:")
        .slot(sheet, &requests.justified);
    let unprompted = requests.unprompted.as_ref().is_some_and(|u| u.value);
    draft
        .text(if unprompted {
            "A party may also disclose without being asked"
        } else {
            "No party discloses without being asked"
        })
        .reading(sheet, &requests.reading)
}

fn overview(sheet: &Sheet<'_>) -> Draft {
    let draft = Draft::new(2, "overview", "The flows at a glance");
    let a = sheet.a;
    let mut parties: Vec<(String, String)> = in_file_order(&a.parties)
        .into_iter()
        .filter(|(id, _)| {
            a.each_flow().any(|(_, f)| {
                f.value
                    .from
                    .iter()
                    .chain(&f.value.to)
                    .any(|end| end.value == **id)
            })
        })
        .map(|(id, _)| (id.to_string(), words::party(sheet.written, sheet.law, id)))
        .collect();
    if a.each_flow().any(|(_, f)| {
        f.value
            .to
            .as_ref()
            .is_some_and(|to| to.value.as_str() == SUBJECT)
    }) {
        parties.push((SUBJECT.to_owned(), "the person".to_owned()));
    }
    let place = |name: &str| parties.iter().position(|(id, _)| id == name);
    let arrows: Vec<Arrow> = in_file_order(&a.flows)
        .into_iter()
        .filter_map(|(id, _)| {
            let flow = sheet.whole.flows.get(id)?;
            Some(Arrow {
                flow: id.to_string(),
                from: place(flow.from.as_str())?,
                to: place(flow.to.as_str())?,
                label: format!("{}, {}", and(&datasets(flow)), words::form(flow)),
                answers: flow.answers.is_some(),
                stopped: !sheet.written.flows.contains_key(id),
            })
        })
        .collect();
    if arrows.is_empty() {
        return draft;
    }
    draft.block(Block::Figure(Diagram { parties, arrows }))
}

fn datasets(flow: &Flow) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for column in &flow.columns {
        let name = column.field.dataset.to_string();
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

fn routes(sheet: &Sheet<'_>) -> Draft {
    let rows = in_file_order(&sheet.a.routes).into_iter().map(|(id, at)| {
        let route = &at.value;
        let word = |w: Option<&str>| w.map(plain).unwrap_or_default();
        let mut more = Vec::new();
        if route.encrypted.as_ref().is_some_and(|e| e.value) {
            more.push("files are encrypted as well".to_owned());
        }
        if let Some(other) = &route.password_by {
            more.push(format!("the password travels by {}", other.value));
        }
        if let Some(host) = &route.host {
            more.push(format!("run by {}", host.value));
        }
        let users = route.users.values();
        if !users.is_empty() {
            more.push(format!("used by {}", and(&users)));
        }
        more.extend(
            route
                .exception
                .iter()
                .chain(&route.terms)
                .map(|t| t.value.clone()),
        );
        vec![
            id.to_string(),
            word(route.kind.as_ref().map(|k| k.value.as_str())),
            word(route.state.as_ref().map(|s| s.value.as_str())),
            route
                .text
                .as_ref()
                .map_or(String::new(), |t| sheet.shown(&t.value)),
            more.join("; "),
        ]
    });
    let mut draft = Draft::new(3, "routes", "Routes").table(
        "The ways on which files and calls go; any other is refused",
        &["route", "kind", "state", "in words", "more"],
        rows.collect(),
    );
    for (_, at) in in_file_order(&sheet.a.routes) {
        draft = draft.reading(sheet, &at.value.reading);
    }
    draft.gaps_below(sheet, &["routes"])
}

fn one_flow(sheet: &Sheet<'_>, id: &FlowId, at: &At<model::Flow>, flow: &Flow) -> Draft {
    let written = &at.value;
    let cite = written
        .cite
        .as_ref()
        .map_or(String::new(), |c| format!(" [{}]", c.value));
    let stopped = if sheet.written.flows.contains_key(id) {
        ""
    } else {
        " (stopped by a gap)"
    };
    let draft = Draft::new(
        4,
        format!("flows/{id}"),
        format!("Flow {id}{stopped}{cite}"),
    );
    let party = |p: &crate::PartyId| words::party(sheet.whole, sheet.law, p);
    let mut lines = vec![format!(
        "from {} ({}) to {} ({})",
        party(&flow.from),
        flow.from,
        party(&flow.to),
        flow.to
    )];
    let mut say = |line: String| lines.push(line);
    let about: Vec<String> = sheet
        .a
        .flow_about(written)
        .into_iter()
        .map(ToString::to_string)
        .collect();
    let about = if about.is_empty() {
        "nobody".to_owned()
    } else {
        and(&about)
    };
    say(format!("sends {}, about {about}", quoted(&datasets(flow))));
    if written.held_about.is_some() {
        say("each person receives only what is held about themselves".to_owned());
    }
    say(format!("for {}", quoted(&flow.purposes)));
    if let Some(member) = &flow.for_member {
        say(format!(
            "each member gets the rows alone of which {} says that they are for it; nothing goes from one member to another",
            plain(&member.to_string().replace('.', ": "))
        ));
    }
    if let Some(only) = &flow.only {
        say(format!(
            "only records of which `{only}` is known to hold when it is sent"
        ));
    }
    if let Some(when) = &flow.when {
        say(format!("sent {}", words::sending(when)));
    }
    if let Some(starter) = &flow.started_by {
        say(format!(
            "started by {}",
            plain(&starter.to_string().replace('.', ": "))
        ));
    }
    if let Some(volume) = &flow.volume {
        say(words::volume(volume));
    }
    if let Some(answers) = &flow.answers {
        say(words::answers(answers));
    }
    if let Some(follows) = &flow.follows {
        say(format!("goes on with rows of {}", quoted(&follows.flows)));
    }
    if let Some(again) = &flow.again {
        say(words::again(again));
    }
    for need in &flow.needs {
        say(match &need.for_rows {
            Some(condition) => format!(
                "needs `{}` for rows of which `{condition}` holds",
                need.flow
            ),
            None => format!("needs `{}` with each file", need.flow),
        });
    }
    if let Some(whole) = &flow.part_of {
        say(format!("is a part of the file of `{whole}`"));
    }
    if !flow.handled_by.is_empty() {
        let hands: Vec<String> = flow
            .handled_by
            .iter()
            .map(|hand| {
                let controller = sheet
                    .whole
                    .parties
                    .get(hand)
                    .and_then(|p| p.acts_for.as_ref());
                let controller =
                    controller.map_or(String::new(), |c| format!(", processor for {}", party(c)));
                format!("{} ({hand}{controller})", party(hand))
            })
            .collect();
        say(format!("handled by {}", and(&hands)));
    }
    say(match &flow.integrity {
        Some(standard) => {
            format!("its sender assures the integrity of the data to this standard: {standard}")
        }
        None => "its sender assures the integrity of the data to its own standard".to_owned(),
    });
    say(format!(
        "goes as {}, by `{}`",
        words::form(flow),
        flow.route
    ));
    let readings = [
        &written.reading,
        &written
            .when
            .as_ref()
            .and_then(|w| w.value.given())
            .and_then(|w| w.reading.clone()),
        &written
            .volume
            .as_ref()
            .and_then(|v| v.value.reading.clone()),
        &written
            .answers
            .as_ref()
            .and_then(|x| x.value.reading.clone()),
        &written
            .follows
            .as_ref()
            .and_then(|x| x.value.reading.clone()),
        &written.again.as_ref().and_then(|x| x.value.reading.clone()),
    ];
    let mut draft = draft.list(lines);
    for reading in readings {
        draft = draft.reading(sheet, reading);
    }
    draft.gaps_below(sheet, &["flows", id.as_str()])
}
