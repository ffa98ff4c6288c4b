//! What many ask for at one moment is done together: whoever has the turn does all that waits, and those that come meanwhile wait
//! for the next turn. One write to the disk is then for many.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot::{self, error::TryRecvError};

/// Work of one kind that is done in turns.
pub struct Together<T, R> {
    turn: tokio::sync::Mutex<()>,
    waiting: Mutex<Vec<(T, oneshot::Sender<R>)>>,
}

impl<T, R> Default for Together<T, R> {
    fn default() -> Self {
        Self {
            turn: tokio::sync::Mutex::default(),
            waiting: Mutex::default(),
        }
    }
}

impl<T: Clone, R> Together<T, R> {
    /// What came of `one`. `work` does all that it is given, and says what came of each, in their order; what nobody waits for any
    /// more is not given to it.
    pub async fn done<F: Future<Output = Vec<R>>>(&self, one: T, work: impl Fn(Vec<T>) -> F) -> R {
        let mut told = self.wait(&one);
        let _turn = self.turn.lock().await;
        loop {
            match told.try_recv() {
                Ok(done) => return done,
                Err(TryRecvError::Empty) => {
                    let mut waiting = std::mem::take(&mut *self.waiting());
                    waiting.retain(|(_, tell)| !tell.is_closed());
                    let (all, tell): (Vec<T>, Vec<_>) = waiting.into_iter().unzip();
                    for (tell, done) in tell.into_iter().zip(work(all).await) {
                        // Whoever is gone need not be told.
                        let _ = tell.send(done);
                    }
                }
                // Whoever had taken it on was given up.
                Err(TryRecvError::Closed) => told = self.wait(&one),
            }
        }
    }

    fn wait(&self, one: &T) -> oneshot::Receiver<R> {
        let (tell, told) = oneshot::channel();
        self.waiting().push((one.clone(), tell));
        told
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(T, oneshot::Sender<R>)>> {
        // Nothing that could leave it half done happens under the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    type Seen = Mutex<Vec<Vec<u32>>>;

    async fn tenfold(seen: &Seen, all: Vec<u32>) -> Vec<u32> {
        seen.lock().unwrap().push(all.clone());
        tokio::task::yield_now().await;
        all.iter().map(|n| n * 10).collect()
    }

    #[tokio::test]
    async fn each_is_told_its_own_and_those_that_wait_are_done_at_once() {
        let (together, seen) = (Arc::new(Together::default()), Arc::new(Seen::default()));
        let ask = |n: u32| {
            let (together, seen) = (together.clone(), seen.clone());
            tokio::spawn(async move { together.done(n, |all| tenfold(&seen, all)).await })
        };
        let asked: Vec<_> = (0..20).map(ask).collect();
        for (n, one) in (0..).zip(asked) {
            assert_eq!(one.await.unwrap(), n * 10);
        }
        let turns = seen.lock().unwrap().clone();
        assert_eq!(turns, [vec![0], (1..20).collect()]);
    }

    #[tokio::test]
    async fn what_somebody_took_on_and_gave_up_is_done_by_whoever_waits_for_it() {
        let (together, seen) = (Together::default(), Seen::default());
        let never = together.done(1, |all| {
            seen.lock().unwrap().push(all);
            std::future::pending()
        });
        let mut never = Box::pin(never);
        let mut second = Box::pin(together.done(2, |all| tenfold(&seen, all)));
        // Both wait before the first has its turn, which takes both on.
        let (_, turn) = (together.wait(&3), together.turn.lock().await);
        assert!(futures_util::poll!(&mut never).is_pending());
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(turn);
        assert!(futures_util::poll!(&mut never).is_pending());
        drop(never);
        assert_eq!(second.await, 20);
        assert_eq!(*seen.lock().unwrap(), [vec![1, 2], vec![2]]);
    }
}
