//! The channels of passwords: what they carry, where they may go, and that they say no password when they fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use courier::{FolderChannel, MailChannel};
use exchange::ids::PartyId;
use exchange::password::Password;
use exchange::ports::Channel;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

const SECRET: &str = "07en3-ahqz6-dmt29-gpw5c-kv18f";
const FILE: &str = "official-ask-2026-02-ask.xlsx";

fn dfe() -> PartyId {
    PartyId::parse("dfe").unwrap()
}

fn password() -> Password {
    Password::given(SECRET.into()).unwrap()
}

/// A mail relay that takes one mail, or answers every recipient with `refusal`; gives what it was told.
async fn relay(listener: TcpListener, refusal: Option<&'static str>) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let (from, mut to) = stream.into_split();
    let mut lines = BufReader::new(from).lines();
    let mut heard = String::new();
    let mut in_mail = false;
    to.write_all(b"220 relay\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        heard.push_str(&line);
        heard.push('\n');
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match (in_mail, verb.as_str()) {
            (true, _) if line == "." => {
                in_mail = false;
                "250 taken"
            }
            (true, _) => continue,
            (_, "DATA") => {
                in_mail = true;
                "354 go on"
            }
            (_, "RCPT") => refusal.unwrap_or("250 ok"),
            (_, "QUIT") => "221 bye",
            _ => "250 ok",
        };
        to.write_all(format!("{answer}\r\n").as_bytes())
            .await
            .unwrap();
        if verb == "QUIT" {
            break;
        }
    }
    heard
}

async fn mailed(refusal: Option<&'static str>) -> (Result<(), String>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let to = BTreeMap::from([(dfe(), "requests@education.example".to_owned())]);
    let mail = MailChannel::new(address, "sharing@home-office.example", &to).unwrap();
    let heard = tokio::spawn(relay(listener, refusal));
    let told = mail.tell(&dfe(), FILE, &password()).await;
    drop(mail);
    (told.map_err(|e| e.to_string()), heard.await.unwrap())
}

// shows: SEC-06
#[tokio::test]
async fn a_password_is_mailed_to_the_party_with_the_name_of_its_file() {
    let (told, heard) = mailed(None).await;
    assert_eq!(told, Ok(()));
    for part in [
        SECRET,
        FILE,
        "RCPT TO:<requests@education.example>",
        "MAIL FROM:<sharing@home-office.example>",
    ] {
        assert!(heard.contains(part), "{part}: {heard}");
    }
}

// shows: SEC-13
#[tokio::test]
async fn a_relay_that_refuses_is_told_without_the_password() {
    let (told, _) = mailed(Some("550 no such box 07en3-ahqz6-dmt29-gpw5c-kv18f")).await;
    let fault = told.unwrap_err();
    assert!(
        fault.contains("refuses it") && !fault.contains(SECRET),
        "{fault}"
    );
    let none = MailChannel::new(
        "127.0.0.1:1".parse().unwrap(),
        "a@b.example",
        &BTreeMap::new(),
    )
    .unwrap();
    let fault = none
        .tell(&dfe(), FILE, &password())
        .await
        .unwrap_err()
        .to_string();
    assert!(fault.contains("no mail address of dfe"), "{fault}");
}

// shows: SEC-13
#[test]
fn a_relay_elsewhere_is_refused() {
    for relay in ["192.0.2.1:25", "[2001:db8::1]:25", "0.0.0.0:25"] {
        let made = MailChannel::new(relay.parse().unwrap(), "a@b.example", &BTreeMap::new());
        assert!(
            made.unwrap_err().to_string().contains("on this machine"),
            "{relay}"
        );
    }
    let made = MailChannel::new("[::1]:25".parse().unwrap(), "no address", &BTreeMap::new());
    assert!(made.unwrap_err().to_string().contains("no mail address"));
}

// shows: SEC-06, SEC-13
#[tokio::test]
async fn a_folder_takes_a_password_for_its_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let channel = FolderChannel::new(home.path().join("mail"));
    channel.tell(&dfe(), FILE, &password()).await.unwrap();
    let path = home.path().join("mail/dfe").join(format!("{FILE}.txt"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(SECRET) && text.contains(FILE));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
