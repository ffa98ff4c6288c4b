//! The outbox: what may be leased, by whom, when and in which order.

use exchange::effect::Effect;
use exchange::ports::Store;

use crate::common::place::Place;
use crate::common::world::{at, commit, due_holding, effect, hold, place_all};

crate::cases![
    no_effect_before_its_entries_have_places,
    a_leased_effect_is_nobody_elses_until_the_lease_ends,
    a_returned_effect_waits_and_counts,
    effects_come_in_order_of_insertion_up_to_the_limit,
    a_done_effect_is_never_leased,
];

async fn leased(store: &dyn Store, holder: &str, now: i64, until: i64) -> Vec<String> {
    let leased = store
        .lease_effects(holder, at(now), at(until), 100)
        .await
        .unwrap();
    leased.into_iter().map(|e| e.id.to_string()).collect()
}

async fn no_effect_before_its_entries_have_places(place: Place) {
    let store = place.store().await;
    due_holding(&*store, "a", "fall-a").await;
    assert!(leased(&*store, "w", 0, 10).await.is_empty());
    place_all(&*store).await;
    due_holding(&*store, "b", "fall-b").await;
    let mine = store.lease_effects("w", at(0), at(10), 100).await.unwrap();
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0].id, effect("fall-a/e0"));
    assert_eq!(mine[0].op.as_str(), "fall-a");
    assert_eq!(mine[0].effect, Effect::DestroyKey { holding: hold("a") });
    assert_eq!(mine[0].attempts, 0);
    assert_eq!(store.open_effects().await, Ok(2));
    assert!(store.open_since().await.unwrap().is_some());
}

async fn a_leased_effect_is_nobody_elses_until_the_lease_ends(place: Place) {
    let store = place.store().await;
    due_holding(&*store, "a", "fall").await;
    place_all(&*store).await;
    assert_eq!(leased(&*store, "one", 0, 10).await, ["fall/e0"]);
    assert!(leased(&*store, "two", 9, 20).await.is_empty());
    assert_eq!(leased(&*store, "one", 9, 15).await, ["fall/e0"]); // its own, renewed
    assert!(leased(&*store, "two", 14, 20).await.is_empty());
    assert_eq!(leased(&*store, "two", 15, 20).await, ["fall/e0"]);
    assert!(leased(&*store, "one", 16, 30).await.is_empty());
}

async fn a_returned_effect_waits_and_counts(place: Place) {
    let store = place.store().await;
    due_holding(&*store, "a", "fall").await;
    place_all(&*store).await;
    for attempts in 0..3u32 {
        let now = i64::from(attempts) * 10;
        let mine = store
            .lease_effects("one", at(now), at(now + 100), 1)
            .await
            .unwrap();
        assert_eq!(mine[0].attempts, attempts);
        store
            .retry_effect(&effect("fall/e0"), at(now + 10))
            .await
            .unwrap();
        assert!(leased(&*store, "one", now + 9, now + 100).await.is_empty());
    }
    assert_eq!(leased(&*store, "two", 30, 40).await, ["fall/e0"]);
}

async fn effects_come_in_order_of_insertion_up_to_the_limit(place: Place) {
    let store = place.store().await;
    for n in [3, 1, 2] {
        due_holding(&*store, &format!("h{n}"), &format!("fall{n}")).await;
    }
    place_all(&*store).await;
    let two = store.lease_effects("one", at(0), at(10), 2).await.unwrap();
    let two: Vec<&str> = two.iter().map(|e| e.id.as_str()).collect();
    assert_eq!(two, ["fall3/e0", "fall1/e0"]);
    assert_eq!(leased(&*store, "two", 0, 10).await, ["fall2/e0"]);
}

async fn a_done_effect_is_never_leased(place: Place) {
    let store = place.store().await;
    due_holding(&*store, "a", "fall").await;
    place_all(&*store).await;
    assert_eq!(leased(&*store, "one", 0, 10).await, ["fall/e0"]);
    let done = commit("done", at(1), |b| b.completes(&effect("fall/e0")));
    store.commit(&done).await.unwrap();
    // The one who lost the lease gives it back late: it stays done.
    store.retry_effect(&effect("fall/e0"), at(0)).await.unwrap();
    assert!(leased(&*store, "two", 1_000, 2_000).await.is_empty());
    assert_eq!(store.open_effects().await, Ok(0));
    assert_eq!(store.open_since().await, Ok(None));
}
