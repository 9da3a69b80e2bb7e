//! What this process is called by in monitoring, and where it keeps what it needs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use journal::heads::Heads;
use pacs::services::Archive;
use pacs::storage::Place;
use platform::monitoring::{Machine, Node, Places, host_name};

use super::site;
use crate::config::Config;

/// This process, listening for HTTP at an address. Its name is the machine's with the port: started again it is the same.
pub(super) fn node(config: &Config, http: SocketAddr) -> Node {
    let roles: Vec<&str> = config.roles.iter().map(|role| role.word()).collect();
    Node {
        name: format!("{}:{}", host_name(), http.port()),
        roles: roles.join(", "),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        address: http.to_string(),
    }
}

/// The machine with the disks, stores, certificates and the DICOM port of this process.
pub(super) fn machine(config: &Config, archive: &Archive, dicom: Option<SocketAddr>) -> Machine {
    let mut disks = vec![("data".to_owned(), config.data.clone())];
    for (name, place) in [
        ("main", &config.storage.main),
        ("cold", &config.storage.cold),
        ("backup", &config.backup.to),
    ] {
        if let Some(Place::Folder(path)) = place {
            disks.push((name.to_owned(), path.clone()));
        }
    }
    let storage = archive.storage();
    let mut stores = vec![("main".to_owned(), storage.clone())];
    stores.extend(storage.cold().map(|cold| ("cold".to_owned(), cold.clone())));
    let http = config.http.tls.as_ref().map(|tls| ("http", &tls.certificate));
    let secure = config.dicom.tls.as_ref().map(|tls| ("dicom", &tls.certificate));
    let certificates = [http, secure].into_iter().flatten();
    Machine::new(Places {
        disks,
        stores,
        certificates: certificates
            .map(|(name, path)| (name.to_owned(), path.clone()))
            .collect(),
        dicom: dicom.map(reached),
    })
}

/// Where the signed ends of the journal are, and what they are checked with.
pub(super) fn heads(config: &Config) -> anyhow::Result<(Heads, Vec<u8>)> {
    Ok((
        Heads::at(site::heads(config)),
        site::journal_key(config)?.public(),
    ))
}

/// The address by which this machine reaches a port that it listens at everywhere.
fn reached(address: SocketAddr) -> SocketAddr {
    let own: IpAddr = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(own, address.port())
}
