//! `concordat explain`: may this field go from one party to another for this purpose on this day?

use std::path::PathBuf;

use agreement::{Act, Ask, FieldPath, PartyId, PersonKind, PurposeId};
use jiff::civil::Date;

use super::plan;
use crate::fail::Fail;
use crate::say;

/// Arguments of `explain`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat explain agreements/contact-thread.yaml --field extract.nino --about migrant --from ho --to hmrc --purpose contact --on 2026-02-02"
)]
pub(crate) struct Args {
    /// The agreement's file.
    file: PathBuf,
    /// The field, as dataset.field.
    #[arg(long)]
    field: String,
    /// The kind of person.
    #[arg(long)]
    about: String,
    /// The party that would send.
    #[arg(long)]
    from: String,
    /// The party that would receive.
    #[arg(long)]
    to: String,
    /// The purpose.
    #[arg(long)]
    purpose: String,
    /// The day.
    #[arg(long)]
    on: Date,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let plan = plan(&args.file)?;
    let wrong = |e: agreement::BadName| Fail::usage(e.to_string());
    let ask = Ask {
        act: Act::Disclose,
        flow: None,
        field: FieldPath::parse(&args.field).map_err(wrong)?,
        about: PersonKind::parse(&args.about).map_err(wrong)?,
        from: PartyId::parse(&args.from).map_err(wrong)?,
        to: PartyId::parse(&args.to).map_err(wrong)?,
        purpose: PurposeId::parse(&args.purpose).map_err(wrong)?,
        on: args.on,
    };
    match plan.permits().ask(&ask) {
        Ok(leave) => {
            say("yes, as far as the agreement goes; each record must also meet the conditions:");
            for permit in leave.permits.iter().filter_map(|id| plan.permits().get(id)) {
                let when: Vec<_> = permit.when.iter().map(ToString::to_string).collect();
                let when = if when.is_empty() {
                    String::new()
                } else {
                    format!(" when {}", when.join(" and "))
                };
                say(format!("  {}{when}  ({})", permit.id, permit.clause()));
            }
            Ok(())
        }
        Err(near) => {
            say("no");
            for refusal in near {
                for reason in refusal.reasons {
                    say(format!(
                        "  {}: {} ({})",
                        reason.rule, reason.message, refusal.clause
                    ));
                }
            }
            Err(Fail::no(""))
        }
    }
}
