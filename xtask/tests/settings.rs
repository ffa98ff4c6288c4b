//! docs/configuration.md is what the types say.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use xtask::settings::{PAGE, page};

#[test]
fn the_reference_of_settings_is_the_one_that_is_checked_in() {
    let path = xtask::root().join(PAGE);
    let made = page(&xtask::root()).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        made == stands,
        "{PAGE} differs from the code: UPDATE=1 cargo test -p xtask --test settings, and read the difference"
    );
}
