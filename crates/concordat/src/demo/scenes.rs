//! The scenes of the demonstration, in order. Each is one operation of one person at one moment; a scene that
//! was played is not played again.

use super::stage::Who;

/// What happens in a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    OpenHo,
    OpenHmrc,
    HoTrusts,
    HmrcTrusts,
    HoLays,
    HmrcLays,
    TooEarly,
    HoSigns,
    HmrcSigns,
    HoTakes,
    HmrcTakes,
    Ask,
    ApproveOneself,
    Approve,
    Prepare,
    Validate,
    Release,
    Seal,
    Match,
    AnalystReviews,
    Answer,
    ValidateAnswer,
    ReleaseAnswer,
    SealAnswer,
    MatchingComplete,
    CaseworkerReviews,
    CloseRun,
    DayBefore,
    DayDue,
}

/// A scene.
pub(super) struct Scene {
    pub(super) what: What,
    /// When, UTC.
    pub(super) at: &'static str,
    /// Whose node.
    pub(super) node: Who,
    /// The operation; none where the scene is made of several or of time alone.
    pub(super) op: Option<&'static str>,
    /// What the reader is told.
    pub(super) says: &'static str,
}

const fn scene(
    what: What,
    at: &'static str,
    node: Who,
    op: Option<&'static str>,
    says: &'static str,
) -> Scene {
    Scene {
        what,
        at,
        node,
        op,
        says,
    }
}

/// The run of the demonstration.
pub(super) const RUN: &str = "ask-2026-02";

/// All scenes.
pub(super) const SCENES: &[Scene] = {
    use What::*;
    use Who::{Hmrc, Ho};
    &[
        scene(
            OpenHo,
            "2026-01-05T09:00:00Z",
            Ho,
            Some("open"),
            "The Home Office opens its node.",
        ),
        scene(
            OpenHmrc,
            "2026-01-05T09:10:00Z",
            Hmrc,
            Some("open"),
            "HMRC opens its node.",
        ),
        scene(
            HoTrusts,
            "2026-01-05T10:00:00Z",
            Ho,
            Some("trust-hmrc"),
            "Each takes on the other's public keys, compared by telephone.",
        ),
        scene(
            HmrcTrusts,
            "2026-01-05T10:05:00Z",
            Hmrc,
            Some("trust-ho"),
            "And the other way.",
        ),
        scene(
            HoLays,
            "2026-01-06T09:00:00Z",
            Ho,
            Some("lay"),
            "Both lay the same agreement on the table: it is checked, and compiles to permits.",
        ),
        scene(
            HmrcLays,
            "2026-01-06T09:30:00Z",
            Hmrc,
            Some("lay"),
            "And HMRC.",
        ),
        scene(
            TooEarly,
            "2026-01-06T11:00:00Z",
            Ho,
            Some("too-early"),
            "An officer tries to start a run. No agreement in force, no run: refused, and recorded.",
        ),
        scene(
            HoSigns,
            "2026-01-07T09:00:00Z",
            Ho,
            Some("sign"),
            "The Home Office's Director signs the canonical hash.",
        ),
        scene(
            HmrcSigns,
            "2026-01-08T09:00:00Z",
            Hmrc,
            Some("sign"),
            "HMRC's Deputy Director signs the same hash.",
        ),
        scene(
            HoTakes,
            "2026-01-08T10:00:00Z",
            Ho,
            Some("take-hmrc"),
            "The signatures are exchanged and verified.",
        ),
        scene(
            HmrcTakes,
            "2026-01-08T10:05:00Z",
            Hmrc,
            Some("take-ho"),
            "And the other way.",
        ),
        scene(
            Ask,
            "2026-01-09T09:00:00Z",
            Ho,
            Some("ask-approval"),
            "The officer asks for approval of 50 records in 12 months.",
        ),
        scene(
            ApproveOneself,
            "2026-01-09T09:05:00Z",
            Ho,
            Some("approve-oneself"),
            "The officer tries to approve it: refused.",
        ),
        scene(
            Approve,
            "2026-01-12T09:00:00Z",
            Ho,
            Some("approve"),
            "The information asset owner approves.",
        ),
        scene(
            Prepare,
            "2026-02-02T09:00:00Z",
            Ho,
            Some("prepare"),
            "February's run: whoever meets the agreement's condition is extracted; unknown means no.",
        ),
        scene(
            Validate,
            "2026-02-02T09:10:00Z",
            Ho,
            Some("validate"),
            "The gate: all conditions together, and a permit for every cell.",
        ),
        scene(
            Release,
            "2026-02-02T10:00:00Z",
            Ho,
            Some("release"),
            "A person releases it.",
        ),
        scene(
            Seal,
            "2026-02-02T10:05:00Z",
            Ho,
            Some("seal"),
            "The workbook is built from the allowed cells, committed to, sealed to HMRC and sent. HMRC opens it in its confined reader and loads it.",
        ),
        scene(
            Match,
            "2026-02-03T09:00:00Z",
            Hmrc,
            Some("match"),
            "HMRC looks for the people in its own records. A match is not a fact.",
        ),
        scene(
            AnalystReviews,
            "2026-02-03T11:00:00Z",
            Hmrc,
            None,
            "HMRC's analyst confirms strong matches and refutes weak ones.",
        ),
        scene(
            Answer,
            "2026-02-04T09:00:00Z",
            Hmrc,
            Some("answer"),
            "HMRC prepares its answer: details for confirmed matches only.",
        ),
        scene(
            ValidateAnswer,
            "2026-02-04T09:10:00Z",
            Hmrc,
            Some("validate-answer"),
            "HMRC's gate.",
        ),
        scene(
            ReleaseAnswer,
            "2026-02-04T09:20:00Z",
            Hmrc,
            Some("release-answer"),
            "HMRC's analyst releases it.",
        ),
        scene(
            SealAnswer,
            "2026-02-04T09:30:00Z",
            Hmrc,
            Some("seal-answer"),
            "Sealed and sent; the Home Office checks that each row is one it asked about, unchanged, and loads it.",
        ),
        scene(
            MatchingComplete,
            "2026-02-05T09:00:00Z",
            Hmrc,
            Some("matching-complete"),
            "HMRC declares the matching complete: its keys die at once, and certificates go to the Home Office.",
        ),
        scene(
            CaseworkerReviews,
            "2026-02-10T09:00:00Z",
            Ho,
            None,
            "A caseworker looks at each match, confirms all but one, and flags the confirmed in the case register.",
        ),
        scene(
            CloseRun,
            "2026-02-12T09:00:00Z",
            Ho,
            Some("close-run"),
            "The run is closed: the extract's key dies.",
        ),
        scene(
            DayBefore,
            "2026-03-03T23:00:00Z",
            Ho,
            None,
            "The 27th day after receipt: what HMRC returned is still kept.",
        ),
        scene(
            DayDue,
            "2026-03-04T00:00:00Z",
            Ho,
            Some("due:ask-2026-02/reply.1/hmrc-found"),
            "The 28th day: its keys die, and the certificates stand in the ledger.",
        ),
    ]
};
