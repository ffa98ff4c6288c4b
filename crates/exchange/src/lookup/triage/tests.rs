use super::*;

fn subject(n: u64) -> SubjectId {
    SubjectId::parse(format!("{n:064x}")).unwrap()
}

fn user(name: &str) -> StaffId {
    StaffId::parse(name).unwrap()
}

/// A caseworker looks person `n` up at `time` on Tuesday 3 February 2026, for a case of whom nobody can say.
fn sight(name: &str, n: u64, time: &str) -> Sight {
    Sight {
        id: format!("{name}/{n}/{time}"),
        at: format!("2026-02-03T{time}:00Z").parse().unwrap(),
        user: user(name),
        team: "casework/north".into(),
        subject: subject(n),
        number: Some(n * 1_000),
        case: CaseIs::Unknown,
        flagged: false,
        referred: false,
        run_on: None,
        outcome: Outcome::Shown,
    }
}

fn watch() -> Watch {
    let own = [(user("c1"), [subject(77)].into())].into();
    Watch::over([subject(99)].into(), own)
}

fn check(sights: &[Sight]) -> Triage {
    triage(sights, &watch(), 0, 7).unwrap()
}

/// What is made of one look-up alone, changed so.
fn alone(change: impl FnOnce(&mut Sight)) -> Finding {
    let mut one = sight("c1", 1, "10:00");
    change(&mut one);
    check(&[one]).findings.remove(0)
}

// shows: LOOKUP-05, AUD-06
#[test]
fn twenty_random_references_by_one_user_raise_an_alert() {
    let mut all: Vec<Sight> = (0..20u64)
        .map(|n| sight("c1", 10 + n * n * 13 % 997, &format!("10:{:02}", n * 2)))
        .collect();
    // Colleagues work as they should.
    for n in 0..40 {
        let mut work = sight(&format!("c{}", 2 + n % 4), 5_000 + n, "11:00");
        work.case = CaseIs::OfPerson;
        all.push(work);
    }
    let found = check(&all);
    assert_eq!(found.alerts.len(), 1);
    assert_eq!(
        (found.alerts[0].user.as_str(), found.alerts[0].people),
        ("c1", 20)
    );
    assert!(found.alerts[0].what.contains("20 people"));
    assert!(found.queue.iter().all(|n| *n < 20) && found.queue.len() == 20);
    let odd = &found.findings[0].indicators;
    assert!(odd.contains(&Indicator::Burst) && odd.contains(&Indicator::Volume));
    // Nine are unusual, and no alert.
    assert_eq!(check(&all[..9]).alerts, []);
}

// shows: LOOKUP-05
#[test]
fn work_explains_a_look_up_and_what_is_odd_does_not() {
    use Explanation::*;
    type Change = fn(&mut Sight);
    let explained: [(Option<Explanation>, Change); 10] = [
        (None, |_| ()),
        (Some(Assignment), |s| s.case = CaseIs::OfPerson),
        (Some(Referral), |s| s.referred = true),
        (Some(Flag), |s| s.flagged = true),
        (Some(RecentRun), |s| {
            s.run_on = Some("2025-11-05".parse().unwrap())
        }),
        (None, |s| s.run_on = Some("2025-11-04".parse().unwrap())),
        (None, |s| s.run_on = Some("2026-02-04".parse().unwrap())),
        // Nothing else explains a look-up for somebody else's case.
        (None, |s| {
            (s.case, s.flagged, s.referred) = (CaseIs::OfAnother, true, true)
        }),
        // Nor of one's own household, or of whoever is watched.
        (None, |s| {
            (s.case, s.subject) = (CaseIs::OfPerson, subject(77))
        }),
        (None, |s| {
            (s.case, s.subject) = (CaseIs::OfPerson, subject(99))
        }),
    ];
    for (n, (why, change)) in explained.into_iter().enumerate() {
        assert_eq!(alone(change).explained, why, "{n}");
    }
    let odd: [(&[Indicator], Change); 8] = [
        (&[], |_| ()),
        (&[Indicator::Own], |s| s.subject = subject(77)),
        (&[Indicator::Watched], |s| s.subject = subject(99)),
        (&[Indicator::CaseOfAnother], |s| s.case = CaseIs::OfAnother),
        (&[Indicator::NotTheirCase, Indicator::Denied], |s| {
            (s.case, s.outcome) = (CaseIs::NotTheirs, Outcome::Denied);
        }),
        (&[Indicator::NothingHeld], |s| {
            s.outcome = Outcome::NothingHeld
        }),
        (&[Indicator::OddHours], |s| {
            s.at = "2026-02-03T23:10:00Z".parse().unwrap()
        }),
        (&[Indicator::OddHours], |s| {
            s.at = "2026-02-07T11:00:00Z".parse().unwrap()
        }),
    ];
    for (indicators, change) in odd {
        assert_eq!(alone(change).indicators, indicators);
    }
    // What is odd about explained work is not told.
    let late =
        alone(|s| (s.case, s.at) = (CaseIs::OfPerson, "2026-02-03T23:10:00Z".parse().unwrap()));
    assert_eq!((late.indicators, late.score), (vec![], 0));
}

#[test]
fn a_colleague_of_the_team_explains_by_work_that_explains_itself() {
    let mut mine = sight("c1", 1, "10:00");
    let mut theirs = sight("c2", 1, "09:00");
    let why =
        |mine: &Sight, theirs: &Sight| check(&[mine.clone(), theirs.clone()]).findings[0].explained;
    // Two who snoop together do not explain each other.
    assert_eq!(why(&mine, &theirs), None);
    theirs.case = CaseIs::OfPerson;
    assert_eq!(why(&mine, &theirs), Some(Explanation::TeamWork));
    theirs.at = "2026-01-20T10:00:00Z".parse().unwrap();
    assert_eq!(why(&mine, &theirs), Some(Explanation::TeamWork));
    theirs.at = "2026-01-20T09:59:00Z".parse().unwrap();
    assert_eq!(why(&mine, &theirs), None);
    theirs.at = mine.at;
    theirs.team = "casework/south".into();
    assert_eq!(why(&mine, &theirs), None);
    theirs.team = mine.team.clone();
    theirs.user = mine.user.clone();
    assert_eq!(why(&mine, &theirs), None);
    theirs.user = user("c2");
    mine.case = CaseIs::OfAnother;
    assert_eq!(why(&mine, &theirs), None);
}

#[test]
fn neighbouring_references_and_bursts_are_seen_within_a_day() {
    let indicators = |all: &[Sight], n: usize| check(all).findings[n].indicators.clone();
    let number = |time: &str, n: u64| {
        let mut one = sight("c1", n, time);
        one.number = Some(n);
        one
    };
    assert_eq!(
        indicators(&[number("10:00", 100), number("15:00", 103)], 0),
        [Indicator::Sequence]
    );
    assert_eq!(
        indicators(&[number("10:00", 100), number("15:00", 104)], 0),
        []
    );
    // Twice the same person is no sequence.
    assert_eq!(
        indicators(&[number("10:00", 100), number("15:00", 100)], 0),
        []
    );
    let minutes = |step: u64| -> Vec<Sight> {
        let time = |n: u64| format!("{}:{:02}", 10 + n * step / 60, n * step % 60);
        (0..5).map(|n| sight("c1", n, &time(n))).collect()
    };
    assert!(indicators(&minutes(15), 0).contains(&Indicator::Burst));
    assert!(!indicators(&minutes(16), 0).contains(&Indicator::Burst));
}

// shows: AUD-06
#[test]
fn the_queue_has_the_odd_first_and_draws_from_the_explained_by_a_seed() {
    let mut all: Vec<Sight> = (0..50u64)
        .map(|n| {
            let mut work = sight("c2", 100 + n * 10, "11:00");
            work.case = CaseIs::OfPerson;
            work
        })
        .collect();
    all.push(sight("c1", 1, "10:00"));
    let mut own = sight("c1", 77, "12:00");
    own.case = CaseIs::OfPerson;
    all.push(own);
    let drawn = |seed| triage(&all, &watch(), 5, seed).unwrap();
    let found = drawn(1);
    assert_eq!(found.queue, [51, 50]);
    assert_eq!(found.alerts.len(), 1);
    assert_eq!(found.samples.len(), 5);
    assert!(found.samples.iter().all(|n| *n < 50));
    assert_eq!(found.samples, drawn(1).samples);
    assert_ne!(found.samples, drawn(2).samples);
}
