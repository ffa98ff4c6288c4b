//! Matching solutions of this node: tested, put to use, retired (MATCH-17).

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::Batch;
use crate::deadline::london_day;
use crate::ids::OperationId;
use crate::ports::Matching;
use crate::refusal::Refusal;
use crate::solution::{Report, Solution, State, Tested};
use crate::trouble::Trouble;

impl Node {
    /// Signs the report of a test of the solution that stands here.
    ///
    /// # Errors
    /// [`Trouble`] with every refusal: the report is of another version, or does not show what the model is documented
    /// to do.
    pub async fn test_solution(
        &self,
        op: &OperationId,
        report: &[u8],
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::TestSolution)?;
            let matching = self.matching()?;
            let report = Report::read(report)?;
            let day = london_day(self.now())?;
            let text = report.text(by.role().as_str(), day);
            let test = Tested {
                name: matching.solution.model().name.clone(),
                version: matching.version,
                documented: matching.solution.model().documented,
                report,
                note: self.ports.signer.sign_note(&text)?,
            };
            if let Some(stands) = self.solution(matching).await? {
                return Err(Refusal::new(
                    "MATCH-17",
                    format!("{} is {} already", stands.name(), stands.state().name()),
                )
                .help("its report is signed: `concordat solution use` puts it to use")
                .into());
            }
            let change = Solution::tested(test, &by)?;
            self.commit(Batch::new(op.clone(), "solution.test").and(change)?)
                .await
        })
        .await
    }

    /// Puts the solution that stands here to use; the one that was in use is retired with it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn use_solution(&self, op: &OperationId, who: &Person) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ChooseSolution)?;
            let matching = self.matching()?;
            let solution = self.solution(matching).await?;
            let solution = solution.ok_or_else(|| untested(matching))?;
            let mut batch =
                Batch::new(op.clone(), "solution.use").and(solution.put_to_use(&by)?)?;
            for other in self.in_state::<Solution>(State::InUse.name()).await? {
                let change = other.retire("another version takes its place", &by.actor())?;
                batch = batch.and(change)?;
            }
            self.commit(batch).await
        })
        .await
    }

    /// Ends the use of the solution that stands here: nothing is matched any more.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn retire_solution(
        &self,
        op: &OperationId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ChooseSolution)?;
            let matching = self.matching()?;
            let solution = self.solution(matching).await?;
            let solution = solution.ok_or_else(|| untested(matching))?;
            let change = solution.retire(reason, &by.actor())?;
            self.commit(Batch::new(op.clone(), "solution.retire").and(change)?)
                .await
        })
        .await
    }

    /// The solution that stands here, if it may match (MATCH-17).
    pub(super) async fn in_use(&self) -> Result<&Matching, Trouble> {
        let matching = self.matching()?;
        match self.solution(matching).await? {
            None => Err(untested(matching).into()),
            Some(solution) if solution.state() == State::InUse => Ok(matching),
            Some(solution) => Err(Refusal::new(
                "MATCH-17",
                format!(
                    "the matching solution {} is {}, and not in use",
                    solution.name(),
                    solution.state().name()
                ),
            )
            .help("the information asset owner puts it to use: `concordat solution use`")
            .into()),
        }
    }

    fn matching(&self) -> Result<&Matching, Refusal> {
        self.ports.matching.as_deref().ok_or_else(|| {
            Refusal::new(
                "MATCH-17",
                format!("{} has no matching solution", self.party()),
            )
            .help("name its folder in node.toml: `solution = \"FOLDER\"`")
        })
    }

    async fn solution(&self, matching: &Matching) -> Result<Option<Solution>, Trouble> {
        self.find(&Solution::key_of(matching.version)).await
    }
}

fn untested(matching: &Matching) -> Refusal {
    Refusal::new(
        "MATCH-17",
        format!(
            "this version of the matching solution {} has no signed test report",
            matching.solution.model().name
        ),
    )
    .help("test it with `concordat link evaluate`, and sign the report: `concordat solution test`")
}
