//! What the exchange begins from: the lists of two departments, and an agreement in force between their nodes.

use std::path::Path;

use sim::{master::Master, register::Register};

use super::{ANALYST, NODES, OFFICER, World};

const PEOPLE: usize = 40;

/// Writes both departments' lists.
pub async fn lists(root: &Path) {
    let as_of = jiff::civil::date(2026, 1, 5);
    let (seed, size) = (7, PEOPLE);
    let register = Register { seed, size, as_of };
    register.write(&root.join("register.db")).await.unwrap();
    let (register_size, strangers) = (PEOPLE as u64, 60);
    let master = Master {
        seed,
        register_size,
        strangers,
    };
    master.write(&root.join("master.db")).await.unwrap();
}

impl World {
    pub fn agreed(&self) {
        let (register, master) = (self.beside("register.db"), self.beside("master.db"));
        let (register, master) = (register.to_str().unwrap(), master.to_str().unwrap());
        let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/hmrc");
        let list = ["--master", master, "--solution", models];
        for (who, more) in [("ho", &["--register", register][..]), ("hmrc", &list)] {
            let init = ["node", "init", "--party", who, "--route", "sealed-exchange"];
            self.does(who, &[&init, more].concat());
            for step in [
                &["propose", "sealed-exchange", "--as", OFFICER][..],
                &[
                    "assure",
                    "sealed-exchange",
                    "--reason",
                    "its terms",
                    "--as",
                    "i1:iao",
                ],
                &[
                    "approve",
                    "sealed-exchange",
                    "--reason",
                    "accredited",
                    "--as",
                    "r1:siro",
                ],
            ] {
                self.does(who, &[&["route"], step].concat());
            }
        }
        let (file, umbrella) = self.agreements();
        let sides = [("ho", "hmrc", OFFICER), ("hmrc", "ho", ANALYST)];
        for (who, other, by) in sides {
            let card = self.at(&format!("{other}/card.json"));
            self.does(who, &["node", "trust", &card, "--as", by]);
            self.does(
                who,
                &[
                    "node",
                    "lay",
                    &file,
                    "--umbrella",
                    &umbrella,
                    "--project",
                    "contact-2026",
                    "--as",
                    by,
                ],
            );
            self.does(who, &["node", "sign", "--as", "s1:signatory"]);
            for framework in ["spf", "gsc"] {
                let control = ["node", "control", framework, "--edition", "April 2014"];
                let rest = ["--evidence", "statement 12", "--as", "i1:iao"];
                self.does(who, &[&control[..], &rest].concat());
            }
        }
        for (who, other, by) in sides {
            let note = self.at(&format!("{other}/signatures/contact-thread.{other}.note"));
            self.does(who, &["node", "take-signature", &note, "--as", by]);
        }
        let report = format!("{models}/quality.json");
        self.does("hmrc", &["solution", "test", &report, "--as", ANALYST]);
        self.does("hmrc", &["solution", "use", "--as", "i1:iao"]);
        self.does(
            "ho",
            &["approve", "ask", "ask", "--volume", "100", "--as", OFFICER],
        );
        self.does("ho", &["approve", "grant", "ask", "--as", "i1:iao"]);
        for _ in 0..3 {
            for who in NODES {
                self.does(who, &["node", "work"]);
            }
        }
    }

    /// The agreement, with a term that this test does not outlive, and its umbrella.
    fn agreements(&self) -> (String, String) {
        let agreements = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements");
        let source = std::fs::read_to_string(agreements.join("contact-thread.yaml")).unwrap();
        let long = source.replace("for: 24 months, review", "for: 1200 months, review");
        assert_ne!(source, long);
        let (file, umbrella) = (self.beside("thread.yaml"), agreements.join("mou-u-d.yaml"));
        std::fs::write(&file, long).unwrap();
        (file.display().to_string(), umbrella.display().to_string())
    }
}

/// The values of both lists that are long enough to be told apart.
pub async fn values(root: &Path) -> Vec<String> {
    use exchange::ports::{CaseRegister, MasterList};
    let (register, master) = (root.join("register.db"), root.join("master.db"));
    let register = sim::departments::OpenRegister::open(&register)
        .await
        .unwrap();
    let facts = register.facts(None, 10_000).await.unwrap();
    let people: Vec<String> = facts.into_iter().map(|(person, _)| person).collect();
    let records = register.records(&people).await.unwrap();
    let held = records.into_values().flat_map(|r| r.values);
    let mut all: Vec<String> = held
        .filter(|(field, _)| field != "dash_source")
        .map(|(_, value)| value)
        .collect();
    let master = sim::departments::OpenMaster::open(&master).await.unwrap();
    let list = master.list().await.unwrap();
    let columns = ["full_name", "date_of_birth", "nino"].map(str::to_owned);
    for part in 0..list.parts() {
        list.read(part, &columns, &mut |batch| {
            for row in 0..batch.rows() {
                all.extend((0..3).filter_map(|c| batch.text(c, row).map(str::to_owned)));
            }
            Ok(())
        })
        .unwrap();
    }
    all.retain(|value| value.len() >= 6);
    all.sort();
    all.dedup();
    all
}
