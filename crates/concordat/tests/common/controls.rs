//! The checklist of an agreement's controls, said in full at a node (SEC-03, SEC-04).

use exchange::Node;
use exchange::authority::{Person, Role};
use exchange::controls::{FRAMEWORKS, Stating};
use exchange::ids::{AgreementId, OperationId, StaffId};

/// The information asset owner says that every control which is asked for is in place.
pub async fn stated(node: &Node, id: &AgreementId) {
    let (pact, _) = node.agreement(id).await.unwrap();
    let owner = Person {
        staff: StaffId::parse("i1").unwrap(),
        role: Role::AssetOwner,
    };
    for framework in &FRAMEWORKS {
        let asked = pact.controls().items();
        let asked =
            asked.filter_map(|(key, _)| key.strip_prefix(framework.name)?.strip_prefix('.'));
        let controls: Vec<String> = asked.map(str::to_owned).collect();
        if controls.is_empty() {
            continue;
        }
        let what = Stating {
            framework,
            controls: &controls,
            version: "April 2014",
            evidence: "a statement of assurance",
            on: exchange::deadline::london_day(node.ports().clock.now()).unwrap(),
        };
        let op = OperationId::parse(format!("controls/{id}/{}", framework.name)).unwrap();
        node.state_controls(&op, id, &what, &owner).await.unwrap();
    }
}
