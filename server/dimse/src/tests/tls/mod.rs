//! Associations over TLS. `localhost.key` is a key for these tests and protects nothing; its certificate is signed
//! by `authority.pem`, whose key is gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig as TlsClient, RootCertStore, ServerConfig as TlsServer};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::dcmtk;
use super::support::*;
use crate::*;

const VERIFICATION: &str = "1.2.840.10008.1.1";

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("localhost.key")).unwrap();
    let config = TlsServer::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn secure_provider() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut config = config();
    config.timeouts.association = Duration::from_secs(5);
    let provider = Provider::new(config, Arc::new(Archive::default()));
    let acceptor = acceptor();
    tokio::spawn(async move {
        let secure = |stream| acceptor.accept(stream);
        provider
            .serve_over(listener, secure, std::future::pending())
            .await;
    });
    port
}

#[tokio::test]
async fn our_user_associates_over_tls() {
    let port = secure_provider().await;
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(include_bytes!("authority.pem")).unwrap())
        .unwrap();
    let config = TlsClient::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    let config = ClientConfig::new("TEST", "UPTAKE");
    let proposals = [Proposal::uncompressed(VERIFICATION), Proposal::uncompressed(CT)];
    let mut client = Client::over(stream, None, &config, &proposals).await.unwrap();
    assert_eq!(client.echo().await.unwrap().status, Status::SUCCESS);
    let outcome = client
        .store(instance(1, 512, negotiation::EXPLICIT_LITTLE_ENDIAN))
        .await
        .unwrap();
    assert_eq!(outcome.status, Status::SUCCESS);
    client.release().await.unwrap();
    // One that speaks no TLS gets no association there.
    let plain = Client::connect(("127.0.0.1", port), &config, &proposals).await;
    assert!(plain.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn echoscu_associates_over_tls() {
    if dcmtk::is_missing() {
        return;
    }
    let port = secure_provider().await;
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/tls/authority.pem");
    let mut command = tokio::process::Command::new("echoscu");
    command.args(["--anonymous-tls", "+cf", authority, "-aec", "UPTAKE", "127.0.0.1"]);
    let output = command
        .arg(port.to_string())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
