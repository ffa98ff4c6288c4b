//! Routes of a node: names that a folder carries, and their approval by three people.

use std::collections::BTreeMap;

use concordat::carrying::{self, Carrying};
use exchange::Node;
use exchange::authority::{Person, Role};
use exchange::ids::{OperationId, RouteId, StaffId};

fn person(staff: &str, role: Role) -> Person {
    let staff = StaffId::parse(staff).unwrap();
    Person { staff, role }
}

/// Routes of these names that the folder beside the node's directory carries.
pub fn set_up(names: &[&str]) -> BTreeMap<RouteId, Carrying> {
    let names: Vec<_> = names.iter().map(|n| RouteId::parse(n).unwrap()).collect();
    carrying::by_directory(&names, "../transport")
}

/// Every route that is set up at this node is approved.
pub async fn approved(node: &Node) {
    let calls = node.ports().calls.suppliers.keys();
    for route in node.ports().routes.keys().chain(calls) {
        let op = |verb: &str| OperationId::parse(format!("{verb}-route/{route}")).unwrap();
        let officer = person("o1", Role::DataSharingOfficer);
        node.propose_route(&op("propose"), route, &officer)
            .await
            .unwrap();
        let owner = person("i1", Role::AssetOwner);
        node.assure_route(&op("assure"), route, "the terms of its host", &owner)
            .await
            .unwrap();
        let owner = person("r1", Role::RiskOwner);
        node.approve_route(&op("approve"), route, "accredited", &owner)
            .await
            .unwrap();
    }
}
