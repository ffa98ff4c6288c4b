//! One function for each parser of bytes that come from outside: it takes any bytes and must not panic, hang, or
//! give out what it refuses. `cargo fuzz` drives them (`fuzz_targets/`); `make test` runs each over its corpus.

mod evidence;
mod posted;
mod service;

pub use evidence::{ledger, log, signature, witness};
pub use posted::{card, letter, listing, reader, report};
pub use service::{sign_in, token};

use std::sync::{Arc, LazyLock};

use courier::{AgeSealer, Keys};
use exchange::check::{Request, wire};
use exchange::ids::PartyId;
use exchange::password::Password;
use exchange::ports::{PartyCard, PortFault, Sealer, Spooled};
use exchange::table::{Format, Shape};
use zeroize::Zeroizing;

fn shape() -> Shape {
    Shape {
        sheet: courier::workbook::RECORDS.into(),
        columns: ["ref", "surname", "born"].map(Into::into).to_vec(),
        max_rows: 10,
    }
}

/// A partner's csv file.
pub fn csv(bytes: &[u8]) {
    let _ = courier::reader::read(Format::Csv, &shape(), bytes);
}

/// A partner's workbook: its archive, the scan of its parts, its cells.
pub fn xlsx(bytes: &[u8]) {
    let _ = courier::reader::read(Format::Xlsx, &shape(), bytes);
}

/// A locked workbook or archive, which is mostly its container: the password opens few of the bytes that come here.
pub fn locked(bytes: &[u8]) {
    if let Some(password) = Password::given("fuzz".into()) {
        let _ = courier::reader::open(Format::Xlsx, &shape(), bytes, &password);
        let _ = courier::reader::open(Format::Csv, &shape(), bytes, &password);
        let _ = courier::reader::look(Format::Csv, &shape(), bytes, &password);
    }
}

/// The card of docs/formats/package.md, whose keys are published: its signature under the seed is good.
const CARD: &str = r#"{"party":"ho","verifier":"ho+f88cb56d+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c","sealing":"age1zz0xw85ez0l47mt9r75tq3z4ff8shl0jfp4p3zse27expqftld6qv90fa3"}"#;

/// A package as it comes off a transport, to a party that knows one other.
pub fn package(bytes: &[u8]) {
    static KNOWN: LazyLock<Option<(AgeSealer, PartyCard)>> = LazyLock::new(|| {
        let party = PartyId::parse("dwp").ok()?;
        let keys = Keys::generate(party, Zeroizing::new([1; 32])).ok()?;
        Some((
            AgeSealer::new(Arc::new(keys)),
            serde_json::from_str(CARD).ok()?,
        ))
    });
    if let Some((sealer, card)) = &*KNOWN {
        let opened = async {
            let package = Spooled::from(bytes.to_vec());
            let opened = sealer.open(&package, std::slice::from_ref(card)).await?;
            if let Ok(mut opened) = opened {
                while opened.file.next().await?.is_some() {}
            }
            Ok::<(), PortFault>(())
        };
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
            let _ = runtime.block_on(opened);
        }
    }
}

/// The text of an agreement that another party wrote.
pub fn agreement(bytes: &[u8]) {
    static LAW: LazyLock<Option<agreement::Law>> =
        LazyLock::new(|| agreement::Law::built_in().ok());
    if let Some(law) = &*LAW {
        let _ = agreement::check("fuzzed", bytes, law, &agreement::Library::none());
    }
}

/// A model of linkage.
pub fn model(bytes: &[u8]) {
    let _ = linkage::model::Model::read("fuzzed", bytes);
}

/// A call, as whoever is asked reads it, and its answer, as whoever asked does; and what an application system sends.
pub fn call(bytes: &[u8]) {
    static PLAN: LazyLock<Option<agreement::Plan>> = LazyLock::new(|| {
        let law = agreement::Law::built_in().ok()?;
        let text = include_bytes!("../../agreements/euss-check.yaml");
        let filled = agreement::AsIf::Filled;
        let none = agreement::Library::none();
        agreement::check_as_if("euss-check", text, &law, &none, filled).plan
    });
    let _ = Request::read(bytes);
    let _ = wire::read_question(bytes);
    let flow = PLAN.as_ref().and_then(|plan| {
        let flow = agreement::FlowId::parse("answer").ok()?;
        Some((plan, plan.flow(&flow)?))
    });
    if let Some((plan, flow)) = flow {
        let today = jiff::civil::date(2025, 5, 1);
        let correlation = "00112233445566778899aabbccddeeff";
        if let Ok(answer) = wire::read_answer(bytes, plan, flow, correlation, today) {
            let kinds = answer.rows().map(|get| get("benefit_type").len());
            assert!(kinds.sum::<usize>() < bytes.len());
        }
    }
}

/// A target: its name, and what it does with any bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name, which is also the name of its folder in `corpus/`.
pub const TARGETS: [Target; 18] = [
    ("csv", csv),
    ("xlsx", xlsx),
    ("locked", locked),
    ("package", package),
    ("agreement", agreement),
    ("ledger", ledger),
    ("model", model),
    ("call", call),
    ("listing", listing),
    ("letter", letter),
    ("reader", reader),
    ("card", card),
    ("report", report),
    ("witness", witness),
    ("log", log),
    ("signature", signature),
    ("token", token),
    ("sign-in", sign_in),
];
