//! The script of the demonstration: every step, when it happens and whose it is. The same months give the same steps.

use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::fail::Fail;

/// Whose node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Ho,
    Hmrc,
    Dwp,
}

impl Who {
    pub(super) const ALL: [Self; 3] = [Self::Ho, Self::Hmrc, Self::Dwp];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ho => "ho",
            Self::Hmrc => "hmrc",
            Self::Dwp => "dwp",
        }
    }
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Every node opens its ledger and takes on the others' keys.
    Open,
    /// Every node lays the agreement on its table.
    Lay,
    /// Everybody signs, and takes the others' signatures.
    Sign,
    /// HMRC and DWP sign the test reports of their matching solutions, and another person puts them to use.
    Solutions,
    /// Somebody tries to start a run before the term begins.
    TooEarly,
    /// An officer asks for the leave to send so many records in 12 months.
    Ask { flow: &'static str, volume: u64 },
    /// An information asset owner tries to give it, which is not theirs to give.
    WrongApprover { flow: &'static str },
    /// The senior information risk owner gives it.
    Approve { flow: &'static str },
    /// The officer selects and extracts.
    Start {
        run: String,
        flow: &'static str,
        at_most: Option<u64>,
    },
    /// A file is validated, released by a person, sealed and sent.
    Send {
        node: Who,
        run: String,
        flow: &'static str,
    },
    /// The same, and the tool that writes the file does something to it.
    SendSpoilt {
        node: Who,
        run: String,
        flow: &'static str,
        how: Spoil,
    },
    /// The officer tries to send, and a rule says no.
    SendRefused { run: String, flow: &'static str },
    /// A refused file is taken back.
    Reopen {
        node: Who,
        run: String,
        flow: &'static str,
    },
    /// A person refuses a file that is held.
    RefuseHeld { run: String, flow: &'static str },
    /// The partner looks in its own records.
    Match {
        node: Who,
        run: String,
        flow: &'static str,
    },
    /// A person decides about every match.
    Review {
        node: Who,
        run: String,
        flow: &'static str,
    },
    /// The answer to a file, or what goes on with it, is prepared.
    Next {
        node: Who,
        run: String,
        flow: &'static str,
    },
    /// The caseworker looks at what the matches tell.
    Verify { run: String },
    /// The caseworker sets the flags.
    Flag { run: String },
    /// DWP's decision makers decide about benefits.
    Decide { run: String },
    /// The partner's matching is complete.
    Complete { node: Who, run: String },
    /// The officer closes the run.
    Close { run: String },
    /// HMRC's analyst finds that a match of that run was wrong.
    Refute { run: String },
    /// The caseworker says which kept rows are still needed.
    Renew { month: String },
    /// It is proven to whoever wants to know that a cell of the file left, and under which permit.
    Prove { run: String, flow: &'static str },
}

/// What a faulty tool does to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoil {
    /// A column too many.
    Column,
    /// A cell that is not what was sent.
    Cell,
}

/// A step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) at: Timestamp,
    pub(super) what: What,
    /// What the reader is told; none for what happens every month.
    pub(super) says: Option<&'static str>,
}

struct Script {
    steps: Vec<Step>,
}

impl Script {
    fn add(&mut self, day: Date, minute: i8, what: What) -> Result<(), Fail> {
        self.push(day, minute, what, None)
    }

    fn say(&mut self, day: Date, minute: i8, what: What, says: &'static str) -> Result<(), Fail> {
        self.push(day, minute, what, Some(says))
    }

    fn push(
        &mut self,
        day: Date,
        minute: i8,
        what: What,
        says: Option<&'static str>,
    ) -> Result<(), Fail> {
        let at = day
            .at(9 + minute / 60, minute % 60, 0, 0)
            .in_tz("UTC")
            .map_err(|e| Fail::fault(e.to_string()))?
            .timestamp();
        self.steps.push(Step { at, what, says });
        Ok(())
    }
}

/// The steps of the one-off run and of so many months, for a population of this size.
pub(super) fn steps(months: u32, people: u64) -> Result<Vec<Step>, Fail> {
    let mut script = Script { steps: Vec::new() };
    let march = |day| date(2016, 3, day);
    let volume = |per_month: u64| per_month * 5;
    // Enough that in two years everybody comes to be asked about, those without a hit again and again.
    let monthly = (people * 45 / 10_000).max(1);
    script.say(
        march(1),
        0,
        What::Open,
        "Three departments open their nodes and take on each other's keys.",
    )?;
    script.say(
        march(2),
        0,
        What::Lay,
        "Each lays the agreement on its table: one file, checked, compiled to permits.",
    )?;
    script.say(
        march(7),
        0,
        What::Sign,
        "All four signatories sign the same canonical hash.",
    )?;
    script.say(
        march(7),
        5,
        What::Solutions,
        "HMRC and DWP sign how their matching was tested; an asset owner puts each solution to use.",
    )?;
    script.say(
        march(8),
        0,
        What::TooEarly,
        "An officer tries to send before the term begins: refused, and recorded.",
    )?;
    script.say(
        march(9),
        0,
        What::Ask {
            flow: "once",
            volume: people,
        },
        "The officer asks for leave to send the one-off pool, and some months of the other.",
    )?;
    script.add(
        march(9),
        5,
        What::Ask {
            flow: "ask",
            volume: volume(monthly),
        },
    )?;
    script.say(march(10), 0, What::WrongApprover { flow: "once" }, "An information asset owner tries to approve it: the agreement asks for the senior information risk owner.")?;
    script.add(march(11), 0, What::Approve { flow: "once" })?;
    script.say(
        march(11),
        5,
        What::Approve { flow: "ask" },
        "The senior information risk owner approves.",
    )?;
    one_run(&mut script, march(18), "once-2016-03", "once", None, 0)?;
    for month in 0..months {
        let first = date(2016, 4, 1)
            .checked_add(jiff::Span::new().months(month))
            .map_err(|e| Fail::fault(e.to_string()))?;
        let run = format!("ask-{}-{:02}", first.year(), first.month());
        one_run(&mut script, first, &run, "ask", Some(monthly), month + 1)?;
    }
    prove(&mut script.steps);
    Ok(script.steps)
}

/// The run that ends last.
pub(super) fn last_run(steps: &[Step]) -> Option<&str> {
    steps.iter().rev().find_map(|s| {
        let What::Close { run } = &s.what else {
            return None;
        };
        Some(run.as_str())
    })
}

/// Once the last run's question has left, it is proven that a cell of it did.
fn prove(steps: &mut Vec<Step>) {
    let last = last_run(steps).map(str::to_owned);
    let left = steps.iter().enumerate().find_map(|(n, s)| {
        let What::Send { node, run, flow } = &s.what else {
            return None;
        };
        let question = *node == Who::Ho && Some(run) == last.as_ref();
        question.then(|| (n, s.at, run.clone(), *flow))
    });
    if let Some((n, at, run, flow)) = left {
        let what = What::Prove { run, flow };
        let says = None;
        steps.insert(n + 1, Step { at, what, says });
    }
}

/// One run from its selection to its end, within fourteen days of `first`. In some months something goes wrong.
fn one_run(
    script: &mut Script,
    first: Date,
    run: &str,
    flow: &'static str,
    at_most: Option<u64>,
    month: u32,
) -> Result<(), Fail> {
    let run = || run.to_owned();
    let day = |n: i32| {
        first
            .checked_add(jiff::Span::new().days(n))
            .map_err(|e| Fail::fault(e.to_string()))
    };
    let send = |node, flow| What::Send {
        node,
        run: run(),
        flow,
    };
    let next = |node, flow| What::Next {
        node,
        run: run(),
        flow,
    };
    let review = |node, flow| What::Review {
        node,
        run: run(),
        flow,
    };
    script.add(
        day(0)?,
        0,
        What::Start {
            run: run(),
            flow,
            at_most,
        },
    )?;
    match month {
        3 => {
            let spoilt = What::SendSpoilt {
                node: Who::Ho,
                run: run(),
                flow,
                how: Spoil::Column,
            };
            script.say(day(0)?, 10, spoilt, "The export tool adds a column: HMRC rejects the whole file, and nothing of it is used.")?;
            script.add(
                day(1)?,
                0,
                What::Reopen {
                    node: Who::Ho,
                    run: run(),
                    flow,
                },
            )?;
            script.say(
                day(1)?,
                10,
                send(Who::Ho, flow),
                "Corrected, it goes again: the same run, the same rows, a new file.",
            )?;
        }
        6 => {
            let refused = What::SendRefused { run: run(), flow };
            script.say(
                day(0)?,
                10,
                refused,
                "With this month more records would go than are approved: the gate says no.",
            )?;
            script.add(
                day(1)?,
                0,
                What::Ask {
                    flow: "ask",
                    volume: 1_000_000,
                },
            )?;
            script.say(
                day(1)?,
                30,
                What::Approve { flow: "ask" },
                "The month waits for the higher signature, and goes.",
            )?;
            script.add(day(1)?, 40, send(Who::Ho, flow))?;
        }
        _ => script.add(day(0)?, 10, send(Who::Ho, flow))?,
    }
    script.add(
        day(2)?,
        0,
        What::Match {
            node: Who::Hmrc,
            run: run(),
            flow,
        },
    )?;
    script.add(day(2)?, 30, review(Who::Hmrc, flow))?;
    script.add(day(3)?, 0, next(Who::Hmrc, "hmrc-reply"))?;
    if month == 4 {
        let how = Spoil::Cell;
        let spoilt = What::SendSpoilt {
            node: Who::Hmrc,
            run: run(),
            flow: "hmrc-reply",
            how,
        };
        script.say(
            day(3)?,
            10,
            spoilt,
            "A cell of HMRC's answer is not what was sent: held, unused, until a person decides.",
        )?;
        script.say(
            day(3)?,
            15,
            What::RefuseHeld {
                run: run(),
                flow: "hmrc-reply",
            },
            "The officer refuses it; what was read of it dies; HMRC sends again.",
        )?;
        script.add(
            day(3)?,
            20,
            What::Reopen {
                node: Who::Hmrc,
                run: run(),
                flow: "hmrc-reply",
            },
        )?;
    }
    script.add(day(3)?, 30, send(Who::Hmrc, "hmrc-reply"))?;
    script.add(day(3)?, 40, next(Who::Hmrc, "forward"))?;
    script.add(day(3)?, 50, send(Who::Hmrc, "forward"))?;
    script.add(
        day(5)?,
        0,
        What::Match {
            node: Who::Dwp,
            run: run(),
            flow: "forward",
        },
    )?;
    script.add(day(5)?, 30, review(Who::Dwp, "forward"))?;
    script.add(day(6)?, 0, next(Who::Dwp, "dwp-reply"))?;
    if month == 5 {
        let how = Spoil::Column;
        let spoilt = What::SendSpoilt {
            node: Who::Dwp,
            run: run(),
            flow: "dwp-reply",
            how,
        };
        script.say(
            day(6)?,
            10,
            spoilt,
            "DWP's answer has a column that the agreement does not name: rejected in full.",
        )?;
        script.add(
            day(6)?,
            20,
            What::Reopen {
                node: Who::Dwp,
                run: run(),
                flow: "dwp-reply",
            },
        )?;
    }
    script.add(day(6)?, 30, send(Who::Dwp, "dwp-reply"))?;
    script.add(day(8)?, 0, review(Who::Ho, "hmrc-reply"))?;
    script.add(day(8)?, 10, review(Who::Ho, "dwp-reply"))?;
    script.add(day(8)?, 20, What::Verify { run: run() })?;
    script.add(day(8)?, 30, What::Flag { run: run() })?;
    script.add(day(9)?, 0, next(Who::Ho, "confirm"))?;
    script.add(day(9)?, 10, send(Who::Ho, "confirm"))?;
    script.add(day(10)?, 0, What::Decide { run: run() })?;
    script.add(
        day(12)?,
        0,
        What::Complete {
            node: Who::Hmrc,
            run: run(),
        },
    )?;
    script.add(
        day(12)?,
        10,
        What::Complete {
            node: Who::Dwp,
            run: run(),
        },
    )?;
    script.add(day(13)?, 0, What::Close { run: run() })?;
    if month == 2 {
        let says = "HMRC finds that a match of the one-off run was another person's: recalled, and undone everywhere it went.";
        let run = "once-2016-03".to_owned();
        script.say(day(14)?, 0, What::Refute { run }, says)?;
    }
    if month > 10 {
        script.add(day(15)?, 0, What::Renew { month: run() })?;
    }
    Ok(())
}
