//! Using received values: each use names a purpose, which the basis of the values must serve (LEG-23).

use std::collections::BTreeMap;

use agreement::{
    Act as Permitted, Ask, Class, Column, DatasetId, Flow, PartyId, PersonKind, Plan, PurposeId,
};
use jiff::civil::Date;

use super::agreements::actor;
use super::outbound::datasets;
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Person};
use crate::change::{Batch, Change, Record};
use crate::ids::{FlowId, HoldingId, OperationId, RunId};
use crate::leg::{Leg, Side};
use crate::matches::{Match, Standing, unconfirmed};
use crate::refusal::Refusal;
use crate::rows::{self, Row};
use crate::trouble::Trouble;
use crate::value_use::{Given, ValueUse};

impl Node {
    /// Reads the values of one confirmed row for a purpose of the agreement. Only the fields whose permits serve the
    /// purpose are given; the use stands in the ledger before they are. An operation gives values once.
    ///
    /// # Errors
    /// [`Trouble`]: refused when the agreement permits no use of them for this purpose (LEG-23), when the match is not
    /// confirmed (MATCH-06), or when the values are gone (RET-12).
    pub async fn use_row(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        purpose: &PurposeId,
        who: &Person,
    ) -> Result<(Done, BTreeMap<String, String>), Trouble> {
        self.used(op, of, (purpose, None), who).await
    }

    /// As [`Node::use_row`], with the sensitive fields, which stay masked without a reason (CHILD-07).
    ///
    /// # Errors
    /// As [`Node::use_row`].
    pub async fn use_sensitive_row(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        purpose: &PurposeId,
        reason: &str,
        who: &Person,
    ) -> Result<(Done, BTreeMap<String, String>), Trouble> {
        self.used(op, of, (purpose, Some(reason)), who).await
    }

    async fn used(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        (purpose, reason): (&PurposeId, Option<&str>),
        who: &Person,
    ) -> Result<(Done, BTreeMap<String, String>), Trouble> {
        let mut given = BTreeMap::new();
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::UseValues)?;
                let leg: Leg = self.need(&Leg::key_of(of.0, of.1)).await?;
                let (pact, plan, flow) = self.flow(leg.agreement(), leg.flow()).await?;
                if leg.side() != Side::Receiver {
                    return Err(Refusal::new("LEG-23", "only what came in is used").into());
                }
                let found: Option<Match> = self.find(&Match::key_of(of.0, of.1, of.2)).await?;
                let Some(found) = found.filter(|m| m.standing() == Standing::Confirmed) else {
                    return Err(unconfirmed("the match is not confirmed").into());
                };
                let on = crate::deadline::london_day(self.now())?;
                if reason.is_some_and(|r| r.trim().is_empty()) {
                    let what = "what is sensitive is shown with a reason";
                    return Err(Refusal::without_reason("CHILD-07", what).into());
                }
                let fields = usable(&plan, &flow, self.party(), purpose, on);
                if fields.is_empty() {
                    return Err(Refusal::new(
                        "LEG-23",
                        format!(
                            "no permit lets what came by {} be used for {purpose}",
                            flow.id
                        ),
                    )
                    .help("`concordat explain` names the purposes of each field")
                    .into());
                }
                let rows = self.rows_of_match(&leg, &flow, &found).await?;
                for column in &fields {
                    let field = column.field.field.as_str();
                    let value = match &rows {
                        // Kept apart, a row has all its values in one.
                        Kept::Apart(row) => row.get(field),
                        Kept::InFile(rows) => {
                            rows.get(&column.field.dataset).map_or("", |r| r.get(field))
                        }
                    };
                    if value.is_empty() {
                        continue;
                    }
                    let name = match &rows {
                        Kept::Apart(_) => field,
                        Kept::InFile(_) => column.name.as_str(),
                    };
                    let masked = column.class == Class::Sensitive && reason.is_none();
                    let shown = if masked { MASKED } else { value };
                    given.insert(name.to_owned(), shown.to_owned());
                }
                let record = Record::new(Act::ValuesUsed, &by.actor())
                    .under(pact.hash())
                    .rule("LEG-23")
                    .id("run", of.0)
                    .id("flow", of.1)
                    .count("row", of.2)
                    .id("purpose", purpose)
                    .count("fields", given.len() as u64);
                let record = match reason {
                    Some(reason) => record.text("reason", reason),
                    None => record,
                };
                let what = Given {
                    of,
                    purpose,
                    fields: given.len() as u64,
                    is_unmasked: reason.is_some(),
                };
                let used = ValueUse::made(op, (on, self.now()), &what, &by);
                let change = Change::new(used, record);
                self.commit(Batch::new(op.clone(), "values.use").and(change)?)
                    .await
            })
            .await?;
        Ok((done, given))
    }

    /// The values of a match's row, dataset by dataset while they are in their file.
    async fn rows_of_match(&self, leg: &Leg, flow: &Flow, found: &Match) -> Result<Kept, Trouble> {
        let (store, vault) = (&*self.ports.store, &*self.ports.vault);
        let holding: &HoldingId = found.holding();
        let item = rows::item_name(found.row());
        let row = rows::open_one(store, vault, holding, &item).await?;
        let Some(row) = row else {
            return Err(Self::gone(holding).into());
        };
        if !leg.holdings().contains(holding) {
            return Ok(Kept::Apart(row));
        }
        let mut all = BTreeMap::new();
        for (dataset, id) in datasets(flow).into_iter().zip(leg.holdings()) {
            if let Some(row) = rows::open_one(store, vault, id, &item).await? {
                all.insert(dataset, row);
            }
        }
        Ok(Kept::InFile(all))
    }
}

/// The columns of a file that `party` received and may use for `purpose` on this day, each by a permit for every kind of
/// person that it is about.
pub(super) fn usable<'a>(
    plan: &Plan,
    flow: &'a Flow,
    party: &PartyId,
    purpose: &PurposeId,
    on: Date,
) -> Vec<&'a Column> {
    // What is about nobody needs a permit that says so, too.
    let nobody = [PersonKind::nobody()];
    let may = |column: &&Column| {
        let about = column.about.as_slice();
        let mut kinds = if about.is_empty() { &nobody } else { about }.iter();
        kinds.all(|about| {
            let ask = Ask {
                act: Permitted::Use,
                flow: Some(column.part.as_ref().unwrap_or(&flow.id).clone()),
                field: column.field.clone(),
                about: about.clone(),
                from: party.clone(),
                from_member: None,
                to: party.clone(),
                to_member: None,
                purpose: purpose.clone(),
                on,
            };
            plan.permits().ask(&ask).is_ok()
        })
    };
    flow.columns.iter().filter(may).collect()
}

/// What is shown in place of a sensitive value.
pub const MASKED: &str = "(masked)";

/// Where the values of a row are.
enum Kept {
    /// In their file, dataset by dataset.
    InFile(BTreeMap<DatasetId, Row>),
    /// Apart from it.
    Apart(Row),
}
