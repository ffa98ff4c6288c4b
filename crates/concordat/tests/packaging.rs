//! What the node is installed with: systemd itself is asked about the unit, where it is there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

use std::process::{Command, Output};

const UNIT: &str = include_str!("../../../packaging/concordat.service");
const CONTAINER: &str = include_str!("../../../packaging/Containerfile");

/// systemd's opinion of the unit; none where it is not installed.
fn analyze(args: &[&str]) -> Option<Output> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("concordat.service");
    let program = env!("CARGO_BIN_EXE_concordat");
    std::fs::write(&path, UNIT.replace("/usr/bin/concordat", program)).unwrap();
    let out = Command::new("systemd-analyze")
        .args(args)
        .arg(&path)
        .output();
    if out.is_err() {
        println!("systemd-analyze is not installed: the unit is NOT CHECKED");
    }
    out.ok()
}

#[test]
fn systemd_understands_the_unit_and_finds_it_confined() {
    // The exposure is from 0 to 100; a service without any confinement has 96.
    for args in [
        &["verify", "--man=no"][..],
        &["security", "--offline=true", "--no-pager", "--threshold=20"],
    ] {
        let Some(out) = analyze(args) else { return };
        let told = String::from_utf8_lossy(&out.stdout).into_owned()
            + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{args:?}: {told}");
        assert!(!told.contains("Unknown"), "{told}");
    }
}

#[test]
fn nothing_runs_as_root() {
    assert!(UNIT.contains("\nUser=concordat\n"));
    let user = CONTAINER.lines().rfind(|line| line.starts_with("USER "));
    assert_eq!(user, Some("USER 10001:10001"));
    let users = CONTAINER.find("USER ").unwrap();
    assert!(users < CONTAINER.find("ENTRYPOINT").unwrap());
}

// shows: RTC-10
#[test]
fn no_memory_of_the_service_reaches_a_disk() {
    for line in ["LimitCORE=0", "MemorySwapMax=0"] {
        assert!(UNIT.lines().any(|l| l == line), "{line}");
    }
    // Of a container whoever runs it says so.
    for flag in ["--ulimit core=0", "--memory 2g --memory-swap 2g"] {
        assert!(CONTAINER.contains(flag), "{flag}");
    }
}
