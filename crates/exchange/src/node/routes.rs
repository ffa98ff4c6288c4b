//! The register of routes of this node: proposed, assured, approved, retired (SEC-07); and which of them carries.

use ledger::Digest;

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Person};
use crate::change::{Batch, Change};
use crate::ids::{OperationId, RouteId};
use crate::ports::{Calling, Carrier};
use crate::refusal::Refusal;
use crate::route::{Route, State};
use crate::trouble::Trouble;

impl Node {
    /// Proposes a route with the settings that stand here.
    ///
    /// # Errors
    /// [`Trouble`]: refused where there are no such settings, or it stands with them already.
    pub async fn propose_route(
        &self,
        op: &OperationId,
        name: &RouteId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ProposeRoute)?;
            let settings = self.settings_of(name)?;
            let change = match self.find::<Route>(name.as_str()).await? {
                None => Route::propose(name, settings, &by),
                Some(route) => route.propose_again(settings, &by)?,
            };
            self.move_route(op, "route.propose", change).await
        })
        .await
    }

    /// Records the assurances that whoever runs it gave.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn assure_route(
        &self,
        op: &OperationId,
        name: &RouteId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::AssureRoute)?;
            let settings = self.settings_of(name)?;
            let change = self.route(name).await?.assure(settings, reason, &by)?;
            self.move_route(op, "route.assure", change).await
        })
        .await
    }

    /// Approves it for the data; from now on it carries.
    ///
    /// # Errors
    /// [`Trouble`]; neither who proposed it nor who assured it may.
    pub async fn approve_route(
        &self,
        op: &OperationId,
        name: &RouteId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ApproveRoute)?;
            let settings = self.settings_of(name)?;
            let change = self.route(name).await?.approve(settings, reason, &by)?;
            self.move_route(op, "route.approve", change).await
        })
        .await
    }

    /// Retires it: nothing goes by it any more, and nothing that lies on it is taken.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn retire_route(
        &self,
        op: &OperationId,
        name: &RouteId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ApproveRoute)?;
            let change = self.route(name).await?.retire(reason, &by)?;
            self.move_route(op, "route.retire", change).await
        })
        .await
    }

    async fn move_route(
        &self,
        op: &OperationId,
        name: &'static str,
        change: Change<Route>,
    ) -> Result<Done, Trouble> {
        self.commit(Batch::new(op.clone(), name).and(change)?).await
    }

    async fn route(&self, name: &RouteId) -> Result<Route, Trouble> {
        let route = self.find::<Route>(name.as_str()).await?;
        route.ok_or_else(|| unlisted(name).into())
    }

    fn carrier(&self, name: &RouteId) -> Result<&Carrier, Refusal> {
        self.ports.routes.get(name).ok_or_else(|| unset(name))
    }

    /// The settings of what carries packages or calls by this route.
    fn settings_of(&self, name: &RouteId) -> Result<Digest, Refusal> {
        match self.ports.calls.suppliers.get(name) {
            Some(calling) => Ok(calling.settings),
            None => Ok(self.carrier(name)?.settings),
        }
    }

    /// How calls by a route are made, where it is approved with the settings that stand here (SEC-01, RUN-13).
    pub(super) async fn approved_calling(&self, name: &RouteId) -> Result<&Calling, Trouble> {
        let calling = self.ports.calls.suppliers.get(name);
        let calling = calling.ok_or_else(|| unset(name))?;
        self.route(name).await?.carries(calling.settings)?;
        Ok(calling)
    }

    /// What carries a route's packages, where it is approved with the settings that stand here (SEC-01, RUN-13).
    pub(super) async fn approved_route(&self, name: &RouteId) -> Result<&Carrier, Trouble> {
        let route = self.route(name).await?;
        let carrier = self.carrier(name)?;
        route.carries(carrier.settings)?;
        Ok(carrier)
    }

    /// Every place that an approved route leads to, each once.
    pub(super) async fn open_routes(&self) -> Result<Vec<(RouteId, &Carrier)>, Trouble> {
        let mut open: Vec<(RouteId, &Carrier)> = Vec::new();
        for route in self.in_state::<Route>(State::Approved.name()).await? {
            let Some(carrier) = self.ports.routes.get(route.name()) else {
                continue;
            };
            let known = open.iter().any(|(_, c)| c.settings == carrier.settings);
            if !known && route.carries(carrier.settings).is_ok() {
                open.push((route.name().clone(), carrier));
            }
        }
        Ok(open)
    }

    /// May a package that came by one route be of a flow that goes by another? Only where both are approved and lead to
    /// the same place (SEC-01).
    pub(super) async fn came_rightly(&self, by: &RouteId, of: &RouteId) -> Result<(), Trouble> {
        let named = self.approved_route(of).await?.settings;
        if self.carrier(by)?.settings == named {
            return Ok(());
        }
        Err(Refusal::new(
            "SEC-01",
            format!("the package came by {by}, and the agreement names the route {of}"),
        )
        .into())
    }
}

fn unset(name: &RouteId) -> Refusal {
    Refusal::new("RUN-13", format!("the route {name} has no settings here")).help(format!(
        "write it in node.toml, under `routes.{name}` or, for calls, `calls.routes.{name}`"
    ))
}

fn unlisted(name: &RouteId) -> Refusal {
    Refusal::new(
        "RUN-13",
        format!("the route {name} is not in the register of this node"),
    )
    .help("`concordat route propose` begins it; only an approved route sends (SEC-07)")
}
