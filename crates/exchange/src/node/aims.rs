//! How far the residence check serves the aims that its agreement records (EXCH-EUSS-11), as shares of applications and of
//! checks; nobody is told apart.

use serde::Serialize;

use super::Node;
use crate::check::application::{Application, Check};
use crate::check::{Channel, Guidance, Outcome};
use crate::ids::AgreementId;
use crate::trouble::Trouble;

/// How many out of how many: of nothing, nothing is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Out of how many.
    pub of: u64,
}

/// The four aims, each with its measure. None says that the aim is reached: they are to be compared from review to review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Aims {
    /// Less paper: applications whose applicant was asked for no further evidence.
    pub less_paper: Share,
    /// Less time of caseworkers: applications that no caseworker had checked again.
    pub less_time: Share,
    /// Less fraud and error: finished checks whose records or answer a person has to look at, since they contradict each other,
    /// do not say clearly whom they mean, or depart from the agreement.
    pub less_fraud: Share,
    /// An easier path: finished checks that worked, whatever they found.
    pub easier_path: Share,
}

impl Node {
    /// How far the checks of an agreement serve its aims. Applications without a finished check count nowhere.
    ///
    /// # Errors
    /// [`Trouble::Fault`].
    pub async fn check_aims(&self, agreement: &AgreementId) -> Result<Aims, Trouble> {
        let mut aims = Aims::default();
        for application in self.all::<Application>().await? {
            if application.agreement() == agreement {
                aims.with(application.checks());
            }
        }
        Ok(aims)
    }
}

impl Aims {
    /// Counts one application.
    fn with(&mut self, checks: &[Check]) {
        let finished = || checks.iter().filter(|c| c.outcome().is_some());
        let Some(last) = finished().next_back() else {
            return;
        };
        let staff = finished().any(|c| c.channel() != Channel::Applicant);
        self.less_paper
            .add(last.guidance() == Guidance::NothingMore);
        self.less_time.add(!staff);
        for check in finished() {
            let unclear = check.outcome() == Some(Outcome::Ambiguous) || check.breach().is_some();
            let failed = matches!(
                check.outcome(),
                Some(Outcome::Unsuccessful | Outcome::NotAttempted)
            );
            self.less_fraud.add(unclear);
            self.easier_path.add(!failed);
        }
    }
}

impl Share {
    fn add(&mut self, counts: bool) {
        self.of += 1;
        self.count += u64::from(counts);
    }
}
