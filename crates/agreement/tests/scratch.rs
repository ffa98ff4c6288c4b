#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]
#[test]
fn scratch() {
    let law = agreement::Law::built_in().unwrap_or_else(|e| {
        for d in &e.0 {
            println!("{d}");
        }
        panic!()
    });
    for f in [
        "../../agreements/contact-thread.yaml",
        "/work/shared/dryrun/no-contact.yaml",
        "/work/shared/dryrun/dfe-annex-5.yaml",
        "/work/shared/dryrun/euss-check.yaml",
    ] {
        let bytes = std::fs::read(f).unwrap();
        let c = agreement::check(f, &bytes, &law);
        for d in &c.diagnostics {
            println!("{d}");
            if let Some(h) = &d.help {
                println!("    {h}");
            }
        }
        if let Some(p) = c.plan {
            println!("{} permits {} {}", f, p.permits().len(), p.hash());
            println!("{}", p.canonical());
            for p in p.permits().iter() {
                println!("{} {:?}", p.id, p.purposes);
            }
        }
    }
}
