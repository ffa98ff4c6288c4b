//! Sessions of people at the service. They are in the store, so that every server process of the node knows them, and an
//! end counts in all of them at the next request.

use super::agreements::actor;
use super::{Done, Node};
use crate::authority::{Action, Actor, Person};
use crate::change::Batch;
use crate::ids::{OperationId, StaffId};
use crate::session::{Ending, IDLE, Session, Signed};
use crate::trouble::Trouble;
use ledger::Digest;

/// Who uses a session holds its lease; whoever asks whether it is used holds none.
const USER: &str = "user";
const ASKER: &str = "asker";

impl Node {
    /// Begins the session of this secret's digest. The one that the same browser had ends, and those of the same person
    /// whose time is over.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work.
    pub async fn open_session(
        &self,
        op: &OperationId,
        id: Digest,
        signed: Signed,
        replaces: Option<Digest>,
        who: &Actor,
    ) -> Result<Done, Trouble> {
        let now = self.now();
        let mut batch = Batch::new(op.clone(), "session.open");
        for old in self.in_state::<Session>("open").await? {
            let why = if Some(old.id()) == replaces {
                Ending::Replaced
            } else if old.is_of(&signed.staff) && old.signed(now).is_none() {
                Ending::Lapsed
            } else {
                continue;
            };
            if let Some(ended) = old.end(why, who) {
                batch = batch.and(ended)?;
            }
        }
        let store = &self.ports.store;
        store.lease(&lease(id), USER, now, until(now)?).await?;
        self.commit(batch.and(Session::open(id, signed, who))?)
            .await
    }

    /// The session is used once more: false where it was idle for too long, and then it stays so.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work.
    pub async fn use_session(&self, id: Digest) -> Result<bool, Trouble> {
        let (now, name, store) = (self.now(), lease(id), &self.ports.store);
        // A lease that somebody else can take has lapsed.
        if store.lease(&name, ASKER, now, now).await? {
            return Ok(false);
        }
        Ok(store.lease(&name, USER, now, until(now)?).await?)
    }

    /// Ends a session; one that has ended stays so.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work.
    pub async fn end_session(
        &self,
        op: &OperationId,
        session: Session,
        why: Ending,
        who: &Actor,
    ) -> Result<Done, Trouble> {
        match session.end(why, who) {
            None => Ok(Vec::new()),
            Some(ended) => {
                let batch = Batch::new(op.clone(), "session.end");
                self.commit(batch.and(ended)?).await
            }
        }
    }

    /// The sessions that stand beside this one and are of the same person, in order of their beginning (ASVS 5.0, 7.5.2).
    /// One that is not used for [`IDLE`] is among them until it is ended.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work.
    pub async fn other_sessions(&self, session: &Session) -> Result<Vec<Session>, Trouble> {
        let now = self.now();
        let Some(mine) = session.signed(now) else {
            return Ok(Vec::new());
        };
        let mut others = self.in_state::<Session>("open").await?;
        others.retain(|other| {
            other.id() != session.id() && other.is_of(&mine.staff) && other.signed(now).is_some()
        });
        others.sort_by_key(|other| other.signed(now).map(|signed| signed.opened));
        Ok(others)
    }

    /// A person ends all their sessions but this one (ASVS 5.0, 7.5.2).
    ///
    /// # Errors
    /// [`Trouble::Fault`] when the store does not work.
    pub async fn end_other_sessions(
        &self,
        op: &OperationId,
        session: &Session,
        who: &Actor,
    ) -> Result<Done, Trouble> {
        let mut batch = Batch::new(op.clone(), "session.end-others");
        let others = self.other_sessions(session).await?;
        if others.is_empty() {
            return Ok(Vec::new());
        }
        for other in others {
            if let Some(ended) = other.end(Ending::SignedOut, who) {
                batch = batch.and(ended)?;
            }
        }
        self.commit(batch).await
    }

    /// Ends all sessions of a person, at every server process of this node.
    ///
    /// # Errors
    /// [`Trouble`]: refused to whoever may not handle incidents (SEC-09).
    pub async fn revoke_sessions(
        &self,
        op: &OperationId,
        staff: &StaffId,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            who.may(Action::HandleIncident)?;
            let mut batch = Batch::new(op.clone(), "session.revoke");
            for session in self.in_state::<Session>("open").await? {
                if session.is_of(staff)
                    && let Some(ended) = session.end(Ending::Revoked, &actor(who))
                {
                    batch = batch.and(ended)?;
                }
            }
            self.commit(batch).await
        })
        .await
    }
}

fn lease(id: Digest) -> String {
    format!("session/{id}")
}

fn until(now: jiff::Timestamp) -> Result<jiff::Timestamp, Trouble> {
    let end = now.checked_add(IDLE);
    Ok(end.map_err(|e| crate::ports::PortFault(e.to_string()))?)
}
