//! The register of routes of this node: proposed, assured, approved, retired (SEC-07); and which of them carries.

use ledger::Digest;

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Person, Warrant};
use crate::change::{Batch, Change};
use crate::file_name::FileName;
use crate::ids::{OperationId, RouteId};
use crate::ports::{Calling, Carrier, PortFault};
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

    /// Retires it: nothing goes by it any more, and nothing that lies on it is taken. What this node laid there for parties
    /// without a node is taken away first (RET-16), and given by name; what lies there for this node has to be taken in
    /// before. Where it is to be `left`, nothing is asked of the place: for a place that does not answer, or must not be asked.
    ///
    /// # Errors
    /// [`Trouble`]: refused (RUN-13) where something lies there for this node; a fault where the place does not answer.
    pub async fn retire_route(
        &self,
        op: &OperationId,
        name: &RouteId,
        reason: &str,
        left: bool,
        who: &Person,
    ) -> Result<(Done, Vec<FileName>), Trouble> {
        let mut gone = Vec::new();
        let done = self
            .recorded(op, &actor(who), async {
                let by = who.may(Action::ApproveRoute)?;
                let route = self.route(name).await?;
                let change = route.clone().retire(reason, left, &by)?;
                if !left {
                    gone = self.cleared(op, &route, &by).await?;
                }
                self.move_route(op, "route.retire", change).await
            })
            .await?;
        Ok((done, gone))
    }

    /// Takes away what this node laid by a route that carries; by another nothing of it lies anywhere that it knows of.
    async fn cleared(
        &self,
        op: &OperationId,
        route: &Route,
        by: &Warrant,
    ) -> Result<Vec<FileName>, Trouble> {
        let carrier = match self.approved_route(route.name()).await {
            Ok(carrier) => carrier,
            Err(Trouble::Refused(_)) => return Ok(Vec::new()),
            Err(fault) => return Err(fault),
        };
        let unasked = |fault: PortFault| PortFault(format!("{fault}; {LEAVING}"));
        let (me, transport) = (self.party(), &carrier.transport);
        let packages = transport.waiting(me).await.map_err(unasked)?;
        let files = transport.lying(me).await.map_err(unasked)?;
        // What another approved route leads to is taken by that one.
        let mut open = self.in_state::<Route>(State::Approved.name()).await?;
        open.retain(|r| r.name() != route.name() && r.carries(carrier.settings).is_ok());
        let ways = [
            (
                packages.iter().map(ToString::to_string).collect::<Vec<_>>(),
                TAKE_IN,
            ),
            (files.iter().map(ToString::to_string).collect(), BRING),
        ];
        let refuse = |(names, way): (Vec<String>, &str)| {
            let what = format!("for {me} there lies: {}", names.join(", "));
            Refusal::new("RUN-13", what).help(format!("{way}; {LEAVING}"))
        };
        let ways = ways.into_iter().filter(|(names, _)| !names.is_empty());
        let refusals: Vec<Refusal> = ways.map(refuse).collect();
        if open.is_empty() && !refusals.is_empty() {
            return Err(refusals.into());
        }
        let mut ours = Vec::new();
        for (party, names) in self.laid_by(route.name()).await? {
            let mut lying = transport.lying(&party).await.map_err(unasked)?;
            lying.retain(|name| names.contains(name));
            ours.extend(lying.into_iter().map(|name| (party.clone(), name)));
        }
        if ours.is_empty() {
            return Ok(Vec::new());
        }
        let batch = Batch::new(op.then("clear")?, "route.clear");
        self.commit(batch.note(route.clearing(ours.len(), by)))
            .await?;
        self.covered().await?;
        let mut gone = Vec::new();
        for (party, name) in ours {
            transport.clear(&party, &name).await.map_err(unasked)?;
            gone.push(name);
        }
        Ok(gone)
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

/// The ways out for what lies where a route leads that is to be retired.
const TAKE_IN: &str = "`concordat node work` takes it in";
const BRING: &str = "`concordat run bring` takes it in";
const LEAVING: &str =
    "`--leave` retires the route at once, asks nothing of the place, and leaves what lies there";

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
