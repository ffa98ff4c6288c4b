//! The confined reader: confined before it reads, and no way in which it ends harms its caller.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use common::{book, forms, shape, two, whole};
use courier::confined::ConfinedForms;
use exchange::ports::{Forms, Parts, PortFault};
use exchange::table::{FileFault, Format, Shape, Table};

/// A stand-in for the reader, given as a shell script.
async fn stand_in(script: &str) -> Result<Result<Table, FileFault>, PortFault> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reader");
    let mut file = std::fs::File::create(&path).unwrap();
    write!(file, "#!/bin/sh\n{script}\n").unwrap();
    file.set_permissions(std::fs::Permissions::from_mode(0o700))
        .unwrap();
    drop(file);
    let forms = ConfinedForms::new(path).with_patience(Duration::from_secs(2));
    whole(
        &forms,
        Format::Csv,
        &shape(),
        b"ref,surname,born\r\n".to_vec(),
    )
    .await
}

// shows: RUN-09
#[tokio::test]
async fn a_reader_that_dies_hangs_floods_or_lies_is_a_fault_of_the_file() {
    for script in [
        "kill -ABRT $$",
        "kill -SEGV $$",
        "exit 101",
        "cat /dev/zero",
        "sleep 30",
        "echo not json",
        r#"echo '{"page":[["a"]]}'"#,
        r#"echo '{"page":[]}'; sleep 30"#,
        r#"echo '{"page":[["a","b","c"]]}'"#,
        r#"echo '{"page":[["a","b","c"]]}'; echo '"end"'; exit 1"#,
        r#"while true; do echo '{"page":[["a","b","c"]]}'; done"#,
        r#"printf '{"page":[["a","b",'"#,
    ] {
        let fault = stand_in(script).await.expect(script).expect_err(script);
        assert_eq!(fault.rule, "RUN-09", "{script}");
        assert!(
            fault.what.contains("could not be read safely"),
            "{script}: {fault}"
        );
    }
    // The caller goes on, with the real reader.
    let bytes = book(&two()).unwrap();
    assert!(
        whole(&forms(), Format::Xlsx, &shape(), bytes)
            .await
            .unwrap()
            .unwrap()
            == two()
    );
}

#[tokio::test]
async fn a_reader_that_is_missing_or_not_confined_is_no_fault_of_the_file() {
    assert!(
        stand_in("exit 2")
            .await
            .unwrap_err()
            .to_string()
            .contains("could not confine itself")
    );
    let missing = ConfinedForms::new("/nonexistent/concordat-reader");
    let fault = whole(&missing, Format::Csv, &shape(), b"x".to_vec())
        .await
        .unwrap_err();
    assert!(
        fault.to_string().contains("could not be started"),
        "{fault}"
    );
}

#[tokio::test]
async fn a_workbook_beyond_the_bound_is_refused_unread() {
    let long = vec![b'a'; (64 << 20) + 1];
    let fault = whole(&forms(), Format::Xlsx, &shape(), long)
        .await
        .unwrap()
        .unwrap_err();
    assert!(fault.what.contains("64 MiB"), "{fault}");
}

/// Rows without end, after which the place that they come from fails.
struct Endless(u32);

#[async_trait]
impl Parts for Endless {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, PortFault> {
        self.0 += 1;
        match self.0 {
            1 => Ok(Some(b"ref,surname,born\r\n".to_vec())),
            2..100 => Ok(Some(b"r,Canary,1\r\n".repeat(1_000))),
            _ => Err(PortFault("the disk".into())),
        }
    }
}

// What had come of a file that then cannot be had is no file: a partner is not blamed for our disk.
#[tokio::test]
async fn a_file_that_breaks_off_on_its_way_is_not_taken_for_a_shorter_one() {
    let shape = Shape {
        max_rows: 1_000_000,
        ..shape()
    };
    let file = Box::new(Endless(0));
    let mut reading = forms().read(Format::Csv, &shape, file).await.unwrap();
    let mut rows = 0;
    let fault = loop {
        match reading.next().await {
            Ok(Ok(Some(page))) => rows += page.rows.len(),
            Ok(end) => panic!("{rows} rows, {end:?}"),
            Err(fault) => break fault,
        }
    };
    assert_eq!(
        (rows, fault),
        (98_000, PortFault("the disk".into())),
        "a page at a time"
    );
}

#[tokio::test]
async fn the_last_row_of_many_refuses_them_all() {
    let shape = Shape {
        max_rows: 1_000_000,
        ..shape()
    };
    let good = b"r,Canary,1\r\n".repeat(30_000);
    let bytes = [b"ref,surname,born\r\n", good.as_slice(), b"r,Canary\r\n"].concat();
    let fault = whole(&forms(), Format::Csv, &shape, bytes).await.unwrap();
    let fault = fault.unwrap_err();
    assert_eq!((fault.rule.as_str(), fault.row), ("RUN-09", Some(30_002)));
}

#[test]
fn the_reader_has_taken_its_means_away_before_it_reads() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_concordat-reader"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let wanted = [
        ("Max address space", "536870912"),
        ("Max cpu time", "60"),
        ("Max open files", "3"),
        ("Max file size", "0"),
        ("Max processes", "0"),
        ("Max core file size", "0"),
    ];
    // Nothing has been written to it yet: it can only be waiting for its first byte.
    let mut last = String::new();
    let confined = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        last = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap_or_default();
        wanted.iter().all(|(name, most)| {
            let line = last
                .lines()
                .find(|line| line.starts_with(name))
                .unwrap_or_default();
            line[name.len().min(line.len())..]
                .split_whitespace()
                .take(2)
                .all(|n| n == *most)
                && !line.is_empty()
        })
    });
    // The filter comes last: then its first byte is waited for.
    let filtered = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
        let status = status.unwrap_or_default();
        ["Seccomp:\t2", "NoNewPrivs:\t1"]
            .iter()
            .all(|line| status.lines().any(|l| l == *line))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(confined && filtered, "{last}");
}

#[test]
fn a_wrong_call_is_told_from_a_bad_file() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_concordat-reader"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"{}\n").unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0));
}
