//! Where this node may connect to: a list of hosts and ports that its owner wrote, and nothing else (SEC-01).
//!
//! A name is resolved here, once for each connection, and the connection goes to that very address. An address that
//! is not public (loopback, private, link-local with the metadata services of clouds, reserved) is never taken from a
//! name; only the owner's list can give it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use exchange::ports::PortFault;
use serde::{Deserialize, Serialize};

use super::awaited;

/// One place that this node may connect to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The host's name, or its address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Its addresses. Where there are some, names are not resolved: it is these and no other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
}

/// All places that this node may connect to.
#[derive(Clone, Debug, Default)]
pub struct Egress(Vec<Allowed>);

impl Egress {
    /// These places, and no other.
    pub fn new(allowed: Vec<Allowed>) -> Self {
        Self(allowed)
    }

    /// The addresses that a connection to this host and port may go to; at least one.
    ///
    /// # Errors
    /// [`PortFault`] where the place is not on the list, or its name leads to no public address.
    pub(crate) async fn addresses(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, PortFault> {
        let place = self.0.iter().find(|p| p.host == host && p.port == port);
        let Some(place) = place else {
            return Err(PortFault(format!(
                "{host} port {port} is not a place that this node may connect to (SEC-01): where it should be, write it under `egress` in node.toml"
            )));
        };
        if !place.addresses.is_empty() {
            let all = place.addresses.iter();
            return Ok(all.map(|ip| SocketAddr::new(*ip, port)).collect());
        }
        let found = awaited(tokio::net::lookup_host((host, port)));
        let found = found
            .await
            .map_err(|e| PortFault(format!("the name {host} was not resolved: {e}")))?;
        let public: Vec<_> = found.filter(|a| is_public(a.ip())).collect();
        if public.is_empty() {
            return Err(PortFault(format!(
                "the name {host} leads to no public address (SEC-01): where it is inside this network, write its `addresses` under `egress` in node.toml"
            )));
        }
        Ok(public)
    }
}

/// Is it an address of the public internet? (IANA's registries of special addresses.)
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Only 2000::/3 is given out; inside it, what carries another address or is no address at all.
    (a & 0xe000) == 0x2000 && a != 0x2002 && !(a == 0x2001 && (b < 0x200 || b == 0xdb8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for ip in ["8.8.8.8", "100.63.0.1", "172.32.0.1", "2a00:1450::1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.192",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    // shows: SEC-01
    #[tokio::test]
    async fn nothing_is_connected_to_but_what_is_on_the_list() {
        let place = |host: &str, port, addresses: &[&str]| Allowed {
            host: host.into(),
            port,
            addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
        };
        let egress = Egress::new(vec![
            place("127.0.0.1", 22, &[]),
            place("localhost", 22, &[]),
            place("inside.example", 443, &["10.1.2.3"]),
        ]);
        let listed = egress.addresses("inside.example", 443).await.unwrap();
        assert_eq!(listed, ["10.1.2.3:443".parse().unwrap()]);
        for (host, port, why) in [
            ("inside.example", 22, "may connect to"),
            ("other.example", 443, "may connect to"),
            ("127.0.0.1", 22, "no public address"),
            ("localhost", 22, "no public address"),
        ] {
            let fault = egress.addresses(host, port).await.unwrap_err().to_string();
            assert!(fault.contains(why) && fault.contains("SEC-01"), "{fault}");
        }
    }
}
