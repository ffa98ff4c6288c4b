//! Using received values: each use names a purpose, which the basis of the values must serve (LEG-23).

use std::collections::BTreeMap;

use agreement::{Act as Permitted, Ask, PersonKind, PurposeId};

use super::agreements::actor;
use super::{Done, Node};
use crate::act::Act;
use crate::authority::{Action, Person};
use crate::change::{Batch, Record};
use crate::ids::{FlowId, HoldingId, OperationId, RunId};
use crate::leg::{Leg, Side};
use crate::matches::{Match, Standing, unconfirmed};
use crate::refusal::Refusal;
use crate::rows::{self, Row};
use crate::trouble::Trouble;

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
                // What is about nobody needs a permit that says so, too.
                let nobody = [PersonKind::nobody()];
                let fields: Vec<String> = flow
                    .columns
                    .iter()
                    .filter(|column| {
                        let about = column.about.as_slice();
                        let mut kinds = if about.is_empty() { &nobody } else { about }.iter();
                        kinds.all(|about| {
                            let ask = Ask {
                                act: Permitted::Use,
                                flow: Some(flow.id.clone()),
                                field: column.field.clone(),
                                about: about.clone(),
                                from: self.party().clone(),
                                from_member: None,
                                to: self.party().clone(),
                                to_member: None,
                                purpose: purpose.clone(),
                                on,
                            };
                            plan.permits().ask(&ask).is_ok()
                        })
                    })
                    .map(|column| column.field.field.to_string())
                    .collect();
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
                let row = self.row_of(&found).await?;
                for field in &fields {
                    let value = row.get(field);
                    if !value.is_empty() {
                        given.insert(field.clone(), value.to_owned());
                    }
                }
                let record = Record::new(Act::ValuesUsed, &by.actor())
                    .under(pact.hash())
                    .rule("LEG-23")
                    .id("run", of.0)
                    .id("flow", of.1)
                    .count("row", of.2)
                    .id("purpose", purpose)
                    .count("fields", given.len() as u64);
                self.commit(Batch::new(op.clone(), "values.use").note(record))
                    .await
            })
            .await?;
        Ok((done, given))
    }

    async fn row_of(&self, found: &Match) -> Result<Row, Trouble> {
        let (store, vault) = (&*self.ports.store, &*self.ports.vault);
        let holding: &HoldingId = found.holding();
        let item = rows::item_name(found.row());
        let row = rows::open_one(store, vault, holding, &item).await?;
        row.ok_or_else(|| Self::gone(holding).into())
    }
}
