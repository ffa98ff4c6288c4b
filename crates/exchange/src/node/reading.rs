//! Reading: a received package is opened, and its file goes through the confined reader into the spool, each row checked,
//! paired and sealed on its way. Nothing of it counts before its last row was read.

use std::collections::BTreeSet;

use agreement::{FieldName, Flow, Plan};
use jiff::civil::Date;

use super::Node;
use super::filing::{Filed, Filing};
use super::inbound::of;
use super::outbound::format_of;
use crate::gate;
use crate::ids::{HoldingId, OperationId, PackageId};
use crate::inward::{self, Pairing, Sent};
use crate::leg::{Leg, Numbers, Sources};
use crate::message::{Head, is_plain_note};
use crate::ports::{Opened, PackageFault, Parts, Reading};
use crate::refusal::Refusal;
use crate::rows::pages;
use crate::table::{FileFault, Format};
use crate::trouble::Trouble;

/// A file whose structure is as agreed.
pub(super) struct Read {
    pub(super) filed: Filed,
    /// The numbers of its rows, in its order: those of the rows that were sent, or from 1.
    pub(super) numbers: Numbers,
    /// Why a person must look at it first.
    pub(super) fault: Option<FileFault>,
    /// How many rows came that were not asked for.
    pub(super) unasked: u64,
    pub(super) sources: Sources,
}

/// A file that is read.
pub(super) struct File {
    pub(super) reading: Box<dyn Reading>,
    /// How many rows its letter says that it has.
    pub(super) rows: Option<u64>,
    /// How many rows that were asked about have no content.
    pub(super) nil: Option<u64>,
    pub(super) sources: Sources,
}

/// A file that is refused whole.
pub(super) struct Refused {
    pub(super) fault: FileFault,
    /// The holdings that have keys already, and will not be opened.
    pub(super) keyed: Vec<HoldingId>,
}

impl From<FileFault> for Refused {
    fn from(fault: FileFault) -> Self {
        let keyed = Vec::new();
        Self { fault, keyed }
    }
}

impl Node {
    /// Reads the file of a received package.
    pub(super) async fn read(
        &self,
        op: &OperationId,
        leg: &Leg,
        package: &PackageId,
        plan: &Plan,
        flow: &Flow,
    ) -> Result<Result<Read, Refused>, Trouble> {
        let cards = self.cards().await?;
        let letter = match self.ports.sealer.open(&self.kept(package), &cards).await? {
            Ok(opened) => letter(opened, format_of(flow)?),
            Err(fault) => Err(whole("RUN-09", fault.to_string())),
        };
        let letter = match letter {
            Ok(letter) => letter,
            Err(fault) => return Ok(Err(fault.into())),
        };
        let shape = inward::shape(flow);
        let file = self.ports.forms.read(letter.format, &shape, letter.file);
        let file = File {
            reading: file.await?,
            rows: Some(letter.rows),
            nil: letter.nil,
            sources: letter.sources,
        };
        self.filed(op, leg, plan, flow, file).await
    }

    /// Files what is read of a file.
    pub(super) async fn filed(
        &self,
        op: &OperationId,
        leg: &Leg,
        plan: &Plan,
        flow: &Flow,
        file: File,
    ) -> Result<Result<Read, Refused>, Trouble> {
        let sent = self.sent_for(leg, flow).await?;
        let asked_on = sent.as_ref().and_then(Sent::as_of);
        let pairs = sent.as_ref().zip(flow.answers.as_ref());
        let mut pairing = pairs.map(|(sent, answers)| Pairing::new(flow, answers, sent));
        let mut filing = self.filing(op, plan, flow, &of(leg), leg.file()).await?;
        let taken = self
            .taken(
                (plan, flow),
                asked_on,
                file.reading,
                pairing.as_mut(),
                &mut filing,
            )
            .await?;
        let counted = taken.and_then(|numbers| match (numbers.count(), file.rows) {
            (rows, Some(says)) if rows != says => {
                let what = format!("the file has {rows} rows, its letter says {says}");
                Err(whole("RUN-09", what))
            }
            _ => Ok(numbers),
        });
        Ok(match counted {
            Ok(numbers) => Ok(Read {
                filed: filing.done().await?,
                numbers,
                unasked: pairing.as_ref().map_or(0, Pairing::unasked),
                fault: pairing.and_then(|pairing| pairing.done(file.nil).into_iter().next()),
                sources: file.sources,
            }),
            Err(fault) => Err(Refused {
                fault,
                keyed: filing.keyed(),
            }),
        })
    }

    /// Files the rows that are read, and gives their numbers. An answer's windows are measured on the day it was asked for.
    async fn taken(
        &self,
        (plan, flow): (&Plan, &Flow),
        asked_on: Option<Date>,
        mut reading: Box<dyn Reading>,
        mut pairing: Option<&mut Pairing<'_>>,
        filing: &mut Filing<'_>,
    ) -> Result<Result<Numbers, FileFault>, Trouble> {
        let on = crate::deadline::london_day(self.now())?;
        let mut numbers = Numbers::default();
        loop {
            let page = match reading.next().await? {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(Ok(numbers)),
                Err(fault) => return Ok(Err(fault)),
            };
            for cells in &page.rows {
                let place = numbers.count();
                if let Err(fault) = inward::cells(plan, flow, cells, place, on, asked_on) {
                    return Ok(Err(fault));
                }
                let n = match &mut pairing {
                    Some(pairing) => pairing.row(cells),
                    None => place + 1,
                };
                numbers.push(n);
                filing.row(n, &inward::row(flow, cells)).await?;
            }
        }
    }

    /// What was sent of the rows that a flow answers; none for a flow that answers nothing.
    pub(super) async fn sent_for(&self, leg: &Leg, flow: &Flow) -> Result<Option<Sent>, Trouble> {
        let Some(answers) = &flow.answers else {
            return Ok(None);
        };
        match self.sent_leg(leg.run(), flow).await? {
            Some(asked) => {
                let names = inward::returned(flow, answers);
                Ok(Some(self.sent_cells(&asked, &names).await?))
            }
            None => Err(Refusal::new("RUN-11", "nothing was sent that this would answer").into()),
        }
    }

    /// The cells of these columns, of the rows of a leg that were sent.
    async fn sent_cells(&self, leg: &Leg, names: &[&FieldName]) -> Result<Sent, Trouble> {
        let (_, _, flow) = self.flow(leg.agreement(), leg.flow()).await?;
        let withheld: BTreeSet<u64> = leg.withheld().iter().copied().collect();
        let mut sent = Sent::of(leg.as_of());
        for page in pages(leg.last_number()) {
            let rows = self.rows_of_page(leg, &flow, &page).await?;
            for n in gate::numbers(&rows) {
                if withheld.contains(&n) {
                    continue;
                }
                let cells = names.iter().map(|name| {
                    let column = flow.columns.iter().find(|c| c.name == **name);
                    let field = column.map(|c| &c.field);
                    let row = field.and_then(|f| rows.get(&f.dataset)?.get(&n).zip(Some(f)));
                    row.map_or("", |(row, f)| row.get(f.field.as_str()))
                        .to_owned()
                });
                sent.add(n, cells.collect());
            }
        }
        Ok(sent)
    }
}

/// A letter with a file of the agreed form.
struct Letter {
    format: Format,
    rows: u64,
    nil: Option<u64>,
    sources: Sources,
    file: Box<dyn Parts>,
}

fn letter(opened: Opened, wanted: Format) -> Result<Letter, FileFault> {
    let Head::File {
        format,
        rows,
        nil,
        as_of,
        quality,
        project,
        reply_by,
        ..
    } = opened.head
    else {
        return Err(whole("RUN-09", PackageFault::WrongLetter.to_string()));
    };
    if !quality.as_deref().is_none_or(is_plain_note) {
        let what = "the note about the quality of the sources is too long, or no plain text";
        return Err(whole("RUN-09", what.to_owned()));
    }
    if format != wanted {
        return Err(whole("RUN-12", format!("the agreement wants {wanted}")));
    }
    Ok(Letter {
        format,
        rows,
        nil,
        sources: Sources {
            as_of,
            quality,
            project,
            reply_by,
        },
        file: opened.file,
    })
}

fn whole(rule: &str, what: String) -> FileFault {
    FileFault {
        rule: rule.into(),
        row: None,
        column: None,
        what,
    }
}
