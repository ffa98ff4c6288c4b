//! The demonstration of the exchange with the Department for Education: two nodes, a monthly check with its request
//! template, what is checked by hand, one case, a feedback for each quarter, and the end of what was kept. Everybody in it
//! is synthetic.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use agreement::{FactId, Library, Period, Truth};
use courier::DirectoryShelf;
use exchange::authority::Role;
use exchange::decision::Decision;
use exchange::finding::{Finding, State as FindingState};
use exchange::ids::{AgreementId, PartyId, ProjectId, RouteId, SignerId};
use exchange::leg::Leg;
use exchange::matches::{Match, Standing};
use exchange::{About, Case, Deciding, Node, Start, Written, WrittenRow};
use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};
use ledger::verify_log;
use sim::world::World;
use sim::{SeededEntropy, VirtualClock};

use super::Args;
use super::cast::{analyst, caseworker, flow_id, officer, op, person, run_id};
use super::play::{approve_routes, review, state_controls, verify};
use crate::commands::{feedback, report};
use crate::fail::Fail;
use crate::house::{self, Config};
use crate::{carrying, say, solution};

const AGREEMENT: &str = include_str!("../../../../agreements/demo/dfe.yaml");
const UMBRELLA: &str = include_str!("../../../../agreements/demo/mou-ho-dfe.yaml");
const NAME: &str = "dfe-demo";
const SOLUTION: &str = "solution";
/// The months that this exchange is shown for.
const MOST_MONTHS: u32 = 6;
/// The volume that the agreement expects, and records that may be checked by hand.
const EXPECTED: std::ops::RangeInclusive<u64> = 1_200..=1_800;
const BY_HAND: usize = 50;

/// The two nodes and their clock.
struct School {
    clock: Arc<VirtualClock>,
    ho: Node,
    dfe: Node,
}

pub(super) async fn run(args: &Args) -> Result<(), Fail> {
    let school = School::set(args).await?;
    school.agree().await?;
    say(
        "2016-03-18  Both parties signed; the risk owner approved; DfE's matching was tested and put to use.",
    );
    let at_most = (args.people * 15 / 1_000).max(1);
    for month in 0..args.months.min(MOST_MONTHS) {
        let first = later(date(2016, 4, 1), Span::new().months(month))?;
        school.month(first, at_most).await?;
        if month == 1 {
            school.case(later(first, Span::new().days(15))?).await?;
        }
        if month % 3 == 2 {
            school.feedback(later(first, Span::new().days(25))?).await?;
        }
    }
    school
        .end(later(date(2016, 4, 1), Span::new().months(14))?)
        .await?;
    conclude(&args.dir, &school).await
}

impl School {
    async fn set(args: &Args) -> Result<Self, Fail> {
        let dir = &args.dir;
        if dir.exists() {
            let what = format!("{} is there already: name another --dir", dir.display());
            return Err(Fail::usage(what));
        }
        let departments = dir.join("departments");
        std::fs::create_dir_all(&departments).map_err(|e| Fail::at(&departments, &e))?;
        World::new(args.seed, args.people)
            .write(&departments, |_| {})
            .await
            .map_err(|e| Fail::fault(e.to_string()))?;
        let clock = Arc::new(VirtualClock::new(at(date(2016, 3, 18))?));
        let ho = node(dir, "ho", args.seed, &clock).await?;
        let dfe = node(dir, "dfe", args.seed, &clock).await?;
        Ok(Self { clock, ho, dfe })
    }

    fn on(&self, day: Date) -> Result<(), Fail> {
        self.clock
            .set(at(day)?)
            .map_err(|e| Fail::fault(e.to_string()))
    }

    async fn settle(&self) -> Result<(), Fail> {
        loop {
            let mut busy = false;
            for node in [&self.ho, &self.dfe] {
                let worked = node.work().await?;
                if let Some(fault) = worked.faults.first() {
                    return Err(Fail::fault(format!("something did not work: {fault}")));
                }
                busy |= worked.busy;
            }
            if !busy {
                return Ok(());
            }
        }
    }

    async fn agree(&self) -> Result<(), Fail> {
        let (id, day) = (id()?, date(2016, 3, 18));
        for (node, other) in [(&self.ho, &self.dfe), (&self.dfe, &self.ho)] {
            node.open(&op("open")?).await?;
            approve_routes(node).await?;
            let card = other.ports().signer.card();
            node.trust(&op("trust")?, card, &officer()?).await?;
            let umbrellas = [UMBRELLA.to_owned()];
            node.lay(
                &op("lay")?,
                (&id, &project()?),
                AGREEMENT,
                &umbrellas,
                &officer()?,
            )
            .await?;
            state_controls(node, &id).await?;
        }
        for (node, other) in [(&self.ho, &self.dfe), (&self.dfe, &self.ho)] {
            let name = node.party().as_str();
            let signer = SignerId::parse(name).map_err(|e| Fail::fault(e.to_string()))?;
            let signatory = person("s1", Role::Signatory)?;
            node.sign(&op("sign")?, &id, &signer, day, &signatory)
                .await?;
            let note = node.signature(&id, &signer).await?.unwrap_or_default();
            other
                .take_signature(&op("take")?, &id, &note, &officer()?)
                .await?;
        }
        let report = solution::shipped_report("dfe").unwrap_or_default();
        self.dfe
            .test_solution(&op("solution/test")?, report.as_bytes(), &analyst()?)
            .await?;
        let owner = person("i1", Role::AssetOwner)?;
        self.dfe.use_solution(&op("solution/use")?, &owner).await?;
        for flow in ["monthly", "ad-hoc"] {
            let (ask, give) = (op(format!("ask/{flow}"))?, op(format!("give/{flow}"))?);
            let flow = flow_id(flow)?;
            self.ho
                .ask_approval(&ask, &id, &flow, 20_000, &officer()?)
                .await?;
            let siro = person("r1", Role::RiskOwner)?;
            self.ho.approve(&give, &id, &flow, &siro).await?;
        }
        self.settle().await
    }

    /// One monthly check, from its selection until both sides are done with it.
    async fn month(&self, first: Date, at_most: u64) -> Result<(), Fail> {
        let run = format!("monthly-{}-{:02}", first.year(), first.month());
        self.on(first)?;
        let start = Start {
            at_most: Some(at_most),
            ..starting(&run, "monthly")?
        };
        self.ho
            .start(&op(format!("{run}/start"))?, &start, &officer()?)
            .await?;
        let id = run_id(&run)?;
        let listed = self.ho.to_be_listed(&id, &flow_id("manual")?).await?;
        let by_hand: Vec<u64> = listed.into_iter().take(BY_HAND).collect();
        if !by_hand.is_empty() {
            let reason = [("reason", "a child alone, and somebody is concerned")];
            let rows = by_hand.iter().map(|n| written(Some(*n), &reason)).collect();
            self.write(&self.ho, &run, "manual", rows).await?;
        }
        self.notice(&run).await?;
        let leg = self.leg(&self.ho, &run, "monthly").await?;
        if !EXPECTED.contains(&leg.rows()) {
            let why = "DfE was told of the number beforehand and agreed: issue log";
            let op = op(format!("{run}/agreed"))?;
            self.ho
                .volume_agreed(&op, &id, leg.flow(), why, &officer()?)
                .await?;
        }
        self.send(&self.ho, &run, "monthly").await?;
        if !by_hand.is_empty() {
            self.send(&self.ho, &run, "manual").await?;
        }
        self.send(&self.ho, &run, "notice-out").await?;
        self.answer(
            &run,
            "monthly",
            &by_hand,
            later(first, Span::new().days(7))?,
        )
        .await?;
        self.decide(&run, later(first, Span::new().days(10))?)
            .await?;
        let sent = self.leg(&self.ho, &run, "monthly").await?;
        let found: Vec<Match> = self.ho.under(&format!("{run}/reply/")).await?;
        let confirmed = found.iter().filter(|m| m.standing() == Standing::Confirmed);
        say(format!(
            "{first}  {run}: {} asked about ({} by hand, {} wait for another month), {} found.",
            sent.rows(),
            by_hand.len(),
            sent.withheld().len(),
            confirmed.count()
        ));
        Ok(())
    }

    /// Somebody is asked about in a circumstance that the agreement names.
    async fn case(&self, day: Date) -> Result<(), Fail> {
        let run = format!("case-{}-{:02}", day.year(), day.month());
        self.on(day)?;
        let (_, plan) = self.ho.agreement(&id()?).await?;
        let Some(register) = &self.ho.ports().register else {
            return Err(Fail::fault("the Home Office has no register".into()));
        };
        let only = plan.flow(&flow_id("ad-hoc")?).and_then(|f| f.only.clone());
        let mut someone = None;
        for (key, facts) in register.facts(None, 1_000).await? {
            let so = |c| plan.holds(c, &facts, day) == Truth::True;
            someone = someone.or(only.as_ref().is_some_and(so).then_some(key));
        }
        let case = Case {
            circumstance: "imminent-physical-risk".into(),
            text: "a threat was made against a parent".into(),
            people: someone.into_iter().collect(),
        };
        let start = starting(&run, "ad-hoc")?;
        self.ho
            .start_case(&op(format!("{run}/start"))?, &start, &case, &officer()?)
            .await?;
        self.notice(&run).await?;
        self.send(&self.ho, &run, "ad-hoc").await?;
        self.send(&self.ho, &run, "notice-out").await?;
        let row = [1];
        self.answer(&run, "ad-hoc", &row, later(day, Span::new().days(2))?)
            .await?;
        self.decide(&run, later(day, Span::new().days(4))?).await?;
        say(format!(
            "{day}  {run}: one case, in the circumstance of an imminent physical risk."
        ));
        Ok(())
    }

    /// DfE looks, writes down why section 7 is needed where it is, and answers.
    async fn answer(&self, run: &str, flow: &str, by_hand: &[u64], day: Date) -> Result<(), Fail> {
        self.on(day)?;
        let (id, asked) = (run_id(run)?, flow_id(flow)?);
        self.dfe
            .match_rows(&op(format!("{run}/match"))?, &id, &asked, &analyst()?)
            .await?;
        review(&self.dfe, run, flow, &analyst()?).await?;
        let fact = FactId::parse("wellbeing_necessity").map_err(|e| Fail::fault(e.to_string()))?;
        let sent = self.leg(&self.ho, run, flow).await?;
        for place in by_hand.iter().filter_map(|n| sent.place_of(*n)) {
            let op = op(format!("{run}/{place}/necessity"))?;
            let why = "nobody else knows where the child is";
            let of = (&id, &asked, place);
            self.dfe
                .write_fact(&op, of, (&fact, true), why, &analyst()?)
                .await?;
        }
        let prepare = op(format!("{run}/reply"))?;
        self.dfe
            .prepare_next(&prepare, &self::id()?, &flow_id("reply")?, &id, &analyst()?)
            .await?;
        let went = [("how_it_went", "every record could be looked for")];
        let rows = vec![written(None, &went)];
        self.write(&self.dfe, run, "note-back", rows).await?;
        self.send(&self.dfe, run, "reply").await?;
        self.send(&self.dfe, run, "note-back").await
    }

    /// HO decides what came, looks at the contact details, and makes every third that proved so a part of the permanent
    /// record.
    async fn decide(&self, run: &str, day: Date) -> Result<(), Fail> {
        self.on(day)?;
        review(&self.ho, run, "reply", &caseworker()?).await?;
        verify(&self.ho, run).await?;
        let so = self.ho.under::<Finding>(&format!("{run}/")).await?;
        let so = so.iter().filter(|f| f.state() == FindingState::Verified);
        for finding in so.step_by(3) {
            let Some(found) = self.ho.find::<Match>(finding.basis()).await? else {
                continue;
            };
            let row = found.row();
            let deciding = Deciding {
                agreement: id()?,
                decision: "promote".into(),
                about: About::Row(run_id(run)?, flow_id("reply")?, row),
                outcome: None,
                reason: "the address was verified".into(),
            };
            let considered = "contact serves the child, and nothing else follows from it";
            let op = op(format!("{run}/promote/{row}"))?;
            self.ho
                .decide_considering(&op, &deciding, considered, &caseworker()?)
                .await?;
        }
        let id = run_id(run)?;
        self.dfe
            .complete_matching(&op(format!("{run}/complete"))?, &id, &analyst()?)
            .await?;
        self.settle().await?;
        self.ho
            .close_run(&op(format!("{run}/close"))?, &id, &officer()?)
            .await?;
        self.settle().await
    }

    /// The feedback of the quarter that ends now, as it is drafted.
    async fn feedback(&self, day: Date) -> Result<(), Fail> {
        self.on(day)?;
        let from = later(day.first_of_month(), Span::new().months(-2))?;
        let run = format!("feedback-{}-{:02}", day.year(), day.month());
        let flow = flow_id("quarterly")?;
        let rows = feedback::draft(&self.ho, &id()?, &flow, from, day).await?;
        let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
        let rows: Vec<WrittenRow> = rows
            .iter()
            .map(|row| WrittenRow {
                of: None,
                values: row.iter().map(|(k, v)| (k.clone(), text(v))).collect(),
            })
            .collect();
        let headings = rows.len();
        self.write(&self.ho, &run, "quarterly", rows).await?;
        self.send(&self.ho, &run, "quarterly").await?;
        say(format!(
            "{day}  The feedback of the quarter goes to DfE, with {headings} headings."
        ));
        Ok(())
    }

    /// Four weeks and six months after the last month what was kept is gone, but for what was promoted.
    async fn end(&self, day: Date) -> Result<(), Fail> {
        self.on(day)?;
        self.settle().await?;
        let promoted = self.ho.under::<Decision>("promote/").await?.len();
        say(format!(
            "{day}  Requests and answers are destroyed; {promoted} records are part of the permanent record."
        ));
        Ok(())
    }

    async fn notice(&self, run: &str) -> Result<(), Fail> {
        let reply_to = [("reply_to", "the post holder, data-sharing@ho.example")];
        let rows = vec![written(None, &reply_to)];
        self.write(&self.ho, run, "notice-out", rows).await
    }

    async fn write(
        &self,
        node: &Node,
        run: &str,
        flow: &str,
        rows: Vec<WrittenRow>,
    ) -> Result<(), Fail> {
        let written = Written {
            agreement: id()?,
            flow: flow_id(flow)?,
            run: run_id(run)?,
            rows,
        };
        let op = op(format!("{run}/{flow}/write"))?;
        node.write(&op, &written, &officer()?).await?;
        Ok(())
    }

    async fn send(&self, node: &Node, run: &str, flow: &str) -> Result<(), Fail> {
        let name = |verb: &str| op(format!("{run}/{flow}/{verb}"));
        let (run_id, flow_id) = (run_id(run)?, flow_id(flow)?);
        node.validate(&name("validate")?, &run_id, &flow_id).await?;
        node.release(&name("release")?, &run_id, &flow_id, &officer()?)
            .await?;
        node.seal(&name("seal")?, &run_id, &flow_id).await?;
        self.settle().await
    }

    async fn leg(&self, node: &Node, run: &str, flow: &str) -> Result<Leg, Fail> {
        let key = Leg::key_of(&run_id(run)?, &flow_id(flow)?);
        let leg: Option<Leg> = node.find(&key).await?;
        leg.ok_or_else(|| Fail::fault(format!("{} has no {flow} of {run}", node.party())))
    }
}

async fn node(dir: &Path, who: &str, seed: u64, clock: &Arc<VirtualClock>) -> Result<Node, Fail> {
    let home = dir.join(who);
    std::fs::create_dir_all(&home).map_err(|e| Fail::at(&home, &e))?;
    let is_ho = who == "ho";
    let file = if is_ho {
        "register.db"
    } else {
        "census.parquet"
    };
    let (from, to) = (
        dir.join("departments").join(who).join(file),
        home.join(file),
    );
    std::fs::hard_link(&from, &to).map_err(|e| Fail::at(&to, &e))?;
    solution::lay(who, &home.join(SOLUTION))?;
    let period = |text: &str| Period::parse(text).ok_or_else(|| Fail::fault("no period".into()));
    let routes = ["key-to-success", "email-npd-mailbox", "email-named-contact"];
    let routes: Result<Vec<_>, _> = routes.into_iter().map(RouteId::parse).collect();
    let routes = routes.map_err(|e| Fail::fault(e.to_string()))?;
    let config = Config {
        party: PartyId::parse(who).map_err(|e| Fail::fault(e.to_string()))?,
        store: "sqlite:node.db".into(),
        quality: None,
        by_hand: Default::default(),
        calls: Default::default(),
        channels: Default::default(),
        evidence: period("7 years")?,
        permanent: if is_ho {
            Some(period("10 years")?)
        } else {
            None
        },
        register: is_ho.then(|| format!("world:{file}")),
        master: (!is_ho).then(|| format!("world:{file}")),
        solution: (!is_ho).then(|| SOLUTION.into()),
        backups: Some(period("35 days")?),
        node_key: None,
        traces: None,
        egress: Vec::new(),
        routes: carrying::by_directory(&routes, "../transport"),
    };
    house::init(&home, &config)?;
    let entropy = Arc::new(SeededEntropy::new(format!("{seed}/{who}")));
    house::open(&home, clock.clone(), entropy).await
}

async fn conclude(dir: &Path, school: &School) -> Result<(), Fail> {
    say("\nThe two ledgers, verified with their files and public keys alone:");
    for node in [&school.ho, &school.dfe] {
        let key = ledger::VerifierKey::parse(&node.ports().signer.card().verifier)
            .map_err(|e| Fail::fault(e.to_string()))?;
        let shelf = DirectoryShelf::new(dir.join(node.party().as_str()).join("ledger"));
        let log =
            verify_log(&shelf, &key, None).map_err(|e| Fail::no(format!("NOT VERIFIED: {e}")))?;
        say(format!(
            "  {}: ledger verified: {} entries",
            node.party(),
            log.size
        ));
    }
    let page = report::page(&[&school.ho, &school.dfe], &[]).await?;
    house::whole(&dir.join("index.html"), page.as_bytes())?;
    let law = house::law()?;
    let library = Library::read([("umbrella", UMBRELLA.as_bytes())], &law);
    let (memo, _) = agreement::render::memorandum(NAME, AGREEMENT.as_bytes(), &law, &library);
    if let Some(memo) = memo {
        house::whole(&dir.join("memorandum.html"), memo.html().as_bytes())?;
    }
    let dir = dir.display();
    say(format!(
        "\nThe report of the two nodes:     {dir}/index.html"
    ));
    say(format!(
        "The memorandum that was signed:  {dir}/memorandum.html"
    ));
    Ok(())
}

fn written(of: Option<u64>, values: &[(&str, &str)]) -> WrittenRow {
    let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    let values: BTreeMap<String, String> = values.iter().map(own).collect();
    WrittenRow { of, values }
}

fn starting(run: &str, flow: &str) -> Result<Start, Fail> {
    Ok(Start {
        agreement: id()?,
        flow: flow_id(flow)?,
        run: run_id(run)?,
        at_most: None,
        reason: None,
        reply_by: None,
    })
}

fn later(day: Date, span: Span) -> Result<Date, Fail> {
    day.checked_add(span)
        .map_err(|e| Fail::fault(e.to_string()))
}

fn at(day: Date) -> Result<Timestamp, Fail> {
    let zoned = day.at(9, 0, 0, 0).in_tz("UTC");
    Ok(zoned.map_err(|e| Fail::fault(e.to_string()))?.timestamp())
}

fn project() -> Result<ProjectId, Fail> {
    ProjectId::parse("dfe-2016").map_err(|e| Fail::fault(e.to_string()))
}

fn id() -> Result<AgreementId, Fail> {
    AgreementId::parse(NAME).map_err(|e| Fail::fault(e.to_string()))
}
