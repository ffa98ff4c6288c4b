//! Csv files that must be refused: nothing is guessed and nothing is repaired.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use common::{confined, refused as both, table};
use exchange::table::Format;

#[track_caller]
fn refused(bytes: &[u8], row: Option<u64>, column: Option<&str>, words: &str) {
    both(Format::Csv, bytes, "RUN-09", row, column, words);
}

// shows: RUN-07, RUN-09
#[test]
fn columns_must_be_the_agreed_ones() {
    both(
        Format::Csv,
        b"ref,surname,born,religion\r\n1,Canary,3,4\r\n",
        "RUN-07",
        Some(1),
        Some("religion"),
        "take it out",
    );
    refused(
        b"ref,surname\r\n1,Canary\r\n",
        Some(1),
        Some("born"),
        "missing",
    );
    refused(
        b"ref,family,born\r\n1,Canary,3\r\n",
        Some(1),
        Some("family"),
        "surname",
    );
    refused(b"", Some(1), None, "none of the agreed");
    refused(b"r1,Canary,x\r\n", Some(1), None, "none of the agreed");
}

// shows: RUN-09
#[test]
fn rows_must_be_whole_and_few_enough() {
    refused(
        b"ref,surname,born\r\n1,Canary\r\n",
        Some(2),
        None,
        "2 cells where the header has 3",
    );
    refused(
        b"ref,surname,born\r\n1,2,3\r\n1,Canary,3,4\r\n",
        Some(3),
        None,
        "4 cells",
    );
    refused(b"ref,surname,born\r\n\r\n", Some(2), None, "1 cells");
    refused(b"ref,surname,born\r\n,,\r\n", Some(2), None, "empty");
    refused(
        &[
            b"ref,surname,born\r\n".as_slice(),
            &b"1,Canary,3\r\n".repeat(11),
        ]
        .concat(),
        Some(12),
        None,
        "more rows",
    );
    let long = format!("ref,surname,born\r\n1,{},3\r\n", "Canary".repeat(6_000));
    refused(long.as_bytes(), Some(2), Some("surname"), "32,767");
    let wide = [b"ref,surname,born\r\n".as_slice(), &b",".repeat(20_000)].concat();
    refused(&wide, Some(2), None, "16,384");
}

// shows: RUN-09
#[test]
fn encodings_and_marks_are_refused_not_guessed() {
    refused(
        b"\xef\xbb\xbfref,surname,born\r\n",
        Some(1),
        None,
        "byte order mark",
    );
    refused(b"\xff\xfer\0e\0f\0", Some(1), None, "UTF-16");
    refused(b"\xfe\xff\0r\0e\0f", Some(1), None, "UTF-16");
    refused(
        b"ref,surname,born\r\n1,Canary\0,3\r\n",
        Some(2),
        None,
        "NUL",
    );
    refused(
        b"ref,surname,born\r\n1,Canary Zo\xeb,3\r\n",
        Some(2),
        None,
        "not UTF-8",
    );
    refused(b"ref,surname,born\r\n1,2,3\n", Some(2), None, "another way");
    refused(
        b"ref,surname,born\r1,2,3\r",
        Some(1),
        None,
        "without its LF",
    );
    refused(
        b"ref,surname,born\r\n1,\"Canary,3\r\n",
        Some(2),
        None,
        "never closed",
    );
    refused(
        b"ref,surname,born\r\n1,\"Canary\"x,3\r\n",
        Some(2),
        None,
        "closing quote",
    );
    refused(
        b"ref,surname,born\r\n1,Can\"ary,3\r\n",
        Some(2),
        None,
        "not quoted",
    );
}

#[test]
fn a_plain_file_of_a_partner_is_read() {
    let read = confined(Format::Csv, b"ref,surname,born\n1,'t Hooft,\n2,\"=1\",'=1").unwrap();
    assert!(read == table(&[["1", "'t Hooft", ""], ["2", "=1", "=1"]]));
}
