//! One contract for every transport: a package is there whole or not at all, once, and under no other's name. The
//! directory keeps it, and so do real servers, over wires that are cut.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod servers;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use courier::{Allowed, DirectoryTransport, Egress, Remote};
use exchange::file_name::FileName;
use exchange::ids::{PackageId, PartyId};
use exchange::ports::{PortFault, Transport};
use servers::{Kind, PASSWORD, Wire, egress};

fn id(text: &str) -> PackageId {
    PackageId::parse(text).unwrap()
}

fn me() -> PartyId {
    PartyId::parse("dwp").unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A package of so many bytes, no two parts of it alike.
fn package(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 32);
    for n in 0u64.. {
        if bytes.len() >= length {
            break;
        }
        bytes.extend_from_slice(ledger::Digest::of(&n.to_be_bytes()).as_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A whole package.
async fn take(
    transport: &dyn Transport,
    me: &PartyId,
    id: &PackageId,
) -> Result<Option<Vec<u8>>, PortFault> {
    let Some(mut parts) = transport.get(me, id).await? else {
        return Ok(None);
    };
    let mut whole = Vec::new();
    while let Some(part) = parts.next().await? {
        whole.extend(part);
    }
    Ok(Some(whole))
}

/// What every transport does, seen from the place where its packages lie.
async fn contract(transport: &dyn Transport, post: &Path) {
    assert_eq!(transport.waiting(&me()).await.unwrap(), []);
    let (b, a) = (id("ho.ask.2"), id("ho.ask.1"));
    transport.put(&me(), &b, &mut &b"two"[..]).await.unwrap();
    for _ in 0..2 {
        transport.put(&me(), &a, &mut &b"one"[..]).await.unwrap();
    }
    let other = transport.put(&me(), &a, &mut &b"other"[..]).await;
    let fault = other.unwrap_err().to_string();
    assert!(fault.contains("was not replaced"), "{fault}");
    let both = [a.clone(), b.clone()];
    assert_eq!(transport.waiting(&me()).await.unwrap(), both);
    assert_eq!(take(transport, &me(), &a).await.unwrap().unwrap(), b"one");
    let dwp = post.join("dwp");
    assert_eq!(names(&dwp), ["ho.ask.1.pkg", "ho.ask.2.pkg"]);
    for _ in 0..2 {
        transport.remove(&me(), &a).await.unwrap();
    }
    assert_eq!(take(transport, &me(), &a).await.unwrap(), None);
    // A sender that did not hear that it had sent sends again: it was taken, and does not come back.
    transport.put(&me(), &a, &mut &b"one"[..]).await.unwrap();
    assert_eq!(names(&dwp), ["ho.ask.1.taken", "ho.ask.2.pkg"]);
    let nobody = PartyId::parse("ho").unwrap();
    assert_eq!(transport.waiting(&nobody).await.unwrap(), []);
    assert_eq!(take(transport, &nobody, &a).await.unwrap(), None);
    transport.remove(&nobody, &a).await.unwrap();
    transport.remove(&me(), &b).await.unwrap();

    // Foreign and temporary names are passed over.
    for name in [
        ".tmp-1-2",
        "notes.txt",
        "Upper.pkg",
        ".pkg",
        "-x.pkg",
        "a b.pkg",
        "a%2F.pkg",
        "a%2e.pkg",
        "half.part",
        "good.pkg",
    ] {
        std::fs::write(dwp.join(name), b"x").unwrap();
    }
    std::fs::create_dir(dwp.join("folder.pkg")).unwrap();
    assert_eq!(transport.waiting(&me()).await.unwrap(), [id("good")]);
    transport.remove(&me(), &id("good")).await.unwrap();

    // No identifier leads out of its folder.
    let far = id("x/../../../y:z");
    let around = names(post.parent().unwrap());
    transport.put(&me(), &far, &mut &b"x"[..]).await.unwrap();
    assert_eq!(names(post.parent().unwrap()), around);
    assert_eq!(names(post), ["dwp"]);
    assert!(names(&dwp).contains(&"x%2f..%2f..%2f..%2fy%3az.pkg".into()));
    assert_eq!(
        transport.waiting(&me()).await.unwrap(),
        std::slice::from_ref(&far)
    );
    assert_eq!(take(transport, &me(), &far).await.unwrap().unwrap(), b"x");
    transport.remove(&me(), &far).await.unwrap();

    // One that is empty, and one of many parts.
    let large = package(3 << 20);
    for (id, bytes) in [(id("empty"), &[][..]), (id("large"), &large)] {
        transport.put(&me(), &id, &mut &*bytes).await.unwrap();
        let got = take(transport, &me(), &id).await.unwrap().unwrap();
        assert!(got == bytes, "{id} is another");
        transport.remove(&me(), &id).await.unwrap();
    }

    // A write that fails leaves nothing.
    let hmrc = PartyId::parse("hmrc").unwrap();
    std::fs::write(post.join("hmrc"), b"a file, not a folder").unwrap();
    assert!(transport.put(&hmrc, &a, &mut &b"x"[..]).await.is_err());
    assert_eq!(names(post), ["dwp", "hmrc"]);
}

/// Locked files for people and from them lie beside the packages, under names of their own.
async fn laid(transport: &dyn Transport, post: &Path) {
    let dfe = PartyId::parse("dfe").unwrap();
    let name = |text: &str| FileName::parse(text).unwrap();
    let file = name("official-run-flow.xlsx");
    assert_eq!(transport.lying(&dfe).await.unwrap(), []);
    assert_eq!(transport.fetch(&dfe, &file).await.unwrap(), None);
    transport.clear(&dfe, &file).await.unwrap();
    let large = package(3 << 20);
    for bytes in [&b"one"[..], b"one", b"another", &large] {
        transport.lay(&dfe, &file, bytes).await.unwrap();
        assert_eq!(names(&post.join("dfe")), ["official-run-flow.xlsx"]);
        let got = transport.fetch(&dfe, &file).await.unwrap().unwrap();
        assert!(got == bytes);
    }
    // What people put there has their names; of others none is taken for a file.
    for other in [
        "answer (2).xlsx",
        "Notes.zip",
        ".hidden.xlsx",
        "half.xlsx.part",
        "a.pkg",
        "q\u{e9}.xlsx",
        "x\n.xlsx",
        "a%2fb.xlsx",
    ] {
        std::fs::write(post.join("dfe").join(other), b"x").unwrap();
    }
    std::fs::create_dir(post.join("dfe/folder.xlsx")).unwrap();
    let lying = [name("Notes.zip"), name("answer (2).xlsx"), file.clone()];
    assert_eq!(transport.lying(&dfe).await.unwrap(), lying);
    for name in &lying {
        transport.clear(&dfe, name).await.unwrap();
        transport.clear(&dfe, name).await.unwrap();
    }
    assert_eq!(transport.lying(&dfe).await.unwrap(), []);
    // One that is longer than any workbook is not read.
    let long = std::fs::File::create(post.join("dfe/long.xlsx")).unwrap();
    long.set_len((64 << 20) + 1).unwrap();
    assert!(transport.fetch(&dfe, &name("long.xlsx")).await.is_err());
}

#[tokio::test]
async fn a_directory_keeps_the_contract() {
    let root = tempfile::tempdir().unwrap();
    let post = root.path().join("made/on/use");
    let transport = DirectoryTransport::new(&post);
    contract(&transport, &post).await;
    laid(&transport, &post).await;
}

#[tokio::test]
async fn real_servers_keep_the_contract() {
    for kind in Kind::both() {
        let served = &kind.served;
        let transport = kind.transport(served.port);
        contract(&transport, &served.post()).await;
        laid(&transport, &served.post()).await;
    }
}

/// A server that says that more lies there than ever would is not believed.
#[tokio::test]
async fn a_folder_of_too_many_files_is_not_listed() {
    let [sftp, _] = Kind::both();
    let dwp = sftp.served.post().join("dwp");
    std::fs::create_dir(&dwp).unwrap();
    for n in 0..=100_000 {
        std::fs::File::create(dwp.join(format!("{n}.pkg"))).unwrap();
    }
    let transport = sftp.transport(sftp.served.port);
    let fault = transport.waiting(&me()).await.unwrap_err().to_string();
    assert!(fault.contains("too many files"), "{fault}");
}

#[tokio::test]
async fn an_upload_that_is_cut_is_never_seen_and_ends_whole() {
    let bytes = package(2 << 20);
    for kind in Kind::both() {
        let wire = Wire::to(kind.served.port).await;
        let transport = kind.transport(wire.port);
        let dwp = kind.served.post().join("dwp");
        let mut cuts = 0;
        // Cut in the greeting, in the middle, near the end, and while it is read back.
        for budget in [
            100, 20_000, 700_000, 1_500_000, 2_080_000, 2_500_000, 4_200_000,
        ] {
            wire.cut([budget; 8]);
            let _ = wire.went_up();
            if transport.put(&me(), &id("p"), &mut &*bytes).await.is_ok() {
                continue;
            }
            cuts += 1;
            assert!(!dwp.join("p.pkg").exists(), "{}: {budget}", kind.name);
            wire.cut([]);
            assert_eq!(transport.waiting(&me()).await.unwrap(), [], "{}", kind.name);
        }
        assert!(cuts >= 3, "{}: {cuts}", kind.name);
        wire.cut([]);
        transport.put(&me(), &id("p"), &mut &*bytes).await.unwrap();
        let got = take(&transport, &me(), &id("p")).await.unwrap().unwrap();
        assert!(got == bytes, "{}", kind.name);
        assert_eq!(names(&dwp), ["p.pkg"], "{}", kind.name);
    }
}

#[tokio::test]
async fn a_half_file_is_gone_on_with_where_the_server_can_and_never_published() {
    let bytes = package(2 << 20);
    for kind in Kind::both() {
        let wire = Wire::to(kind.served.port).await;
        let transport = kind.transport(wire.port);
        let dwp = kind.served.post().join("dwp");
        std::fs::create_dir(&dwp).unwrap();
        let half = dwp.join("p.part");
        std::fs::write(&half, &bytes[..1_999_999]).unwrap();
        assert_eq!(transport.waiting(&me()).await.unwrap(), []);
        let _ = wire.went_up();
        transport.put(&me(), &id("p"), &mut &*bytes).await.unwrap();
        let up = wire.went_up();
        assert_eq!(up < 300_000, kind.name == "sftp", "{}: {up}", kind.name);
        assert!(std::fs::read(dwp.join("p.pkg")).unwrap() == bytes);

        // A half file of other bytes, or one that is longer, is not taken for ours.
        for wrong in [vec![7; 1000], vec![7; 3 << 20]] {
            std::fs::remove_file(dwp.join("p.pkg")).unwrap();
            std::fs::write(&half, wrong).unwrap();
            if kind.name == "sftp" {
                let fault = transport.put(&me(), &id("p"), &mut &*bytes).await;
                let fault = fault.unwrap_err().to_string();
                assert!(fault.contains("is sent anew"), "{fault}");
                assert_eq!(names(&dwp), [""; 0]);
            }
            transport.put(&me(), &id("p"), &mut &*bytes).await.unwrap();
            assert!(std::fs::read(dwp.join("p.pkg")).unwrap() == bytes);
            assert_eq!(names(&dwp), ["p.pkg"]);
        }
    }
}

#[tokio::test]
async fn a_download_goes_on_where_it_was_cut() {
    let bytes = package(2 << 20);
    for kind in Kind::both() {
        let wire = Wire::to(kind.served.port).await;
        let transport = kind.transport(wire.port);
        let dwp = kind.served.post().join("dwp");
        std::fs::create_dir(&dwp).unwrap();
        std::fs::write(dwp.join("p.pkg"), &bytes).unwrap();
        wire.cut([700_000; 4]);
        let got = take(&transport, &me(), &id("p")).await.unwrap().unwrap();
        assert!(got == bytes, "{}", kind.name);
        // Four connections of 700,000 bytes each were enough: none began anew.
        assert!(wire.cuts_left() <= 1, "{}: {}", kind.name, wire.cuts_left());
        // A wire that is cut before anything comes is not tried for ever.
        wire.cut([300; 50]);
        assert!(take(&transport, &me(), &id("p")).await.is_err());
        assert!(wire.cuts_left() > 40, "{}", kind.name);
    }
}

/// Every way in which a server is not the one that was meant, or is not to be reached.
// shows: SEC-01, SEC-13
#[tokio::test]
async fn only_the_pinned_server_is_spoken_to_and_no_secret_is_told() {
    let [sftp, webdav] = Kind::both();
    let (ssh, dav) = (&sftp.served, &webdav.served);
    let own = || ssh.sftp(ssh.port);
    let files = || dav.webdav(dav.port);
    let open = |path: &Path| {
        std::fs::copy(path, path.with_extension("open")).unwrap();
        let path = path.with_extension("open");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        path
    };
    let wrong = dav.at("wrong");
    std::fs::write(&wrong, format!("{PASSWORD}-wrong")).unwrap();
    std::fs::set_permissions(&wrong, PermissionsExt::from_mode(0o600)).unwrap();
    let via_sftp = |place, egress| Remote::sftp(place, egress);
    let via_dav = |place, egress| Remote::webdav(place, egress);
    let mut cases = vec![
        ("host key", {
            let mut place = own();
            place.host_keys = vec![ssh.public("other")];
            (
                via_sftp(place, egress(ssh.port)),
                "Host key verification failed",
            )
        }),
        ("no host key", {
            let mut place = own();
            place.host_keys = vec![];
            (via_sftp(place, egress(ssh.port)), "host-keys")
        }),
        ("two lines in a host key", {
            let mut place = own();
            place.host_keys[0] += "\n* ssh-ed25519 AAAA";
            (via_sftp(place, egress(ssh.port)), "host-keys")
        }),
        ("user's key", {
            let mut place = own();
            place.key = ssh.at("other");
            (via_sftp(place, egress(ssh.port)), "Permission denied")
        }),
        ("open key", {
            let mut place = own();
            place.key = open(&ssh.at("user"));
            (via_sftp(place, egress(ssh.port)), "SEC-13")
        }),
        ("sftp egress", {
            (via_sftp(own(), egress(dav.port)), "may connect to (SEC-01)")
        }),
        ("certificate", {
            let mut place = files();
            place.certificates = vec![ledger::Digest::of(b"another")];
            (via_dav(place, egress(dav.port)), "not the pinned one")
        }),
        ("no certificate", {
            let mut place = files();
            place.certificates = vec![];
            (via_dav(place, egress(dav.port)), "certificates")
        }),
        ("another name below a pinned issuer", {
            let mut place = files();
            place.certificates = vec![dav.certificate("ca.pem")];
            place.url = place.url.replace("127.0.0.1", "files.example");
            (via_dav(place, egress(dav.port)), "not valid for name")
        }),
        ("password", {
            let mut place = files();
            place.password = wrong.clone();
            (via_dav(place, egress(dav.port)), "401")
        }),
        ("open password", {
            let mut place = files();
            place.password = open(&dav.at("password"));
            (via_dav(place, egress(dav.port)), "SEC-13")
        }),
        ("webdav egress", {
            (
                via_dav(files(), egress(ssh.port)),
                "may connect to (SEC-01)",
            )
        }),
        ("in clear", {
            let mut place = files();
            place.url = place.url.replace("https", "http");
            (via_dav(place, egress(dav.port)), "must be https")
        }),
    ];
    let inside = Allowed {
        host: "127.0.0.1".into(),
        port: dav.port,
        addresses: vec![],
    };
    let unlisted = via_dav(files(), Egress::new(vec![inside]));
    cases.push(("address", (unlisted, "no public address (SEC-01)")));
    for (case, (transport, why)) in cases {
        let fault = transport.waiting(&me()).await.unwrap_err().to_string();
        assert!(fault.contains(why), "{case}: {fault}");
        let put = transport.put(&me(), &id("p"), &mut &b"x"[..]).await;
        let all = fault + &put.unwrap_err().to_string();
        assert!(
            !all.contains(PASSWORD) && !all.contains("PRIVATE KEY"),
            "{case}"
        );
    }
    for post in [ssh.post(), dav.post()] {
        assert_eq!(names(&post), [""; 0]);
    }
    // The pinned issuer is as good as the server's own certificate.
    let mut place = files();
    place.certificates = vec![dav.certificate("ca.pem")];
    let transport = via_dav(place, egress(dav.port));
    assert_eq!(transport.waiting(&me()).await.unwrap(), []);
}
