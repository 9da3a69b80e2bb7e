//! Gateways and the cloud end, over real sockets.

mod check;
mod cloud;
mod kill;
mod page;
mod page_language;

use std::path::Path;
use std::sync::Arc;

use rcgen::CertifiedKey;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Devices, Kind};
use crate::http::App;
use crate::test_folder::TestFolder;
use crate::test_node::Node;

/// Rules that send everything to the cloud end at an address.
fn to_cloud(url: &str, key_file: &Path, more: &str) -> String {
    format!(
        "[[destination]]\nname = \"cloud\"\nparallel = 3\nnode.cloud = {{ url = \"{url}\", key_file = {key_file:?}{more} }}\n\
         [[rule]]\nto = [\"cloud\"]\n"
    )
}

async fn key(cloud: &Node, folder: &TestFolder, name: &str, kind: Kind) -> std::path::PathBuf {
    let secret = Devices::enroll(cloud.archive.index(), name, kind, None)
        .await
        .unwrap()
        .unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, secret + "\n").unwrap();
    path
}

/// A certificate of localhost as PEM, and who shows it.
pub(crate) fn certificate() -> (String, TlsAcceptor) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// A cloud end behind TLS; gives its port and the file of its authority.
async fn secure(
    cloud: &Node,
    folder: &TestFolder,
    authorize: Arc<dyn crate::access::Authorize>,
) -> (u16, std::path::PathBuf) {
    let (pem, tls) = certificate();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, pem).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = crate::http::router(App::new(cloud.archive.clone(), authorize));
    tokio::spawn(crate::http::serve(
        listener,
        router,
        Some(tls),
        Default::default(),
        std::future::pending(),
    ));
    (port, authority)
}
