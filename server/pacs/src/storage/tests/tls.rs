//! A bucket over TLS: reached where its certificate is trusted, and not otherwise.

use tokio::net::{TcpListener, TcpStream};

use super::outages::said;
use super::{place, shared, store};
use crate::storage::{Place, S3};
use crate::test_folder::TestFolder;

#[tokio::test]
async fn a_bucket_is_reached_over_tls_where_its_certificate_is_trusted() {
    let Some(server) = shared() else {
        return;
    };
    let folder = TestFolder::new("tls");
    let (pem, acceptor) = crate::gateway::tests::certificate();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, pem).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    let behind = server.endpoint().replace("http://", "");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, behind) = (acceptor.clone(), behind.clone());
            tokio::spawn(async move {
                let Ok(mut secure) = acceptor.accept(stream).await else {
                    return;
                };
                let mut plain = TcpStream::connect(behind).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut secure, &mut plain).await;
            });
        }
    });
    let trusted = S3 {
        endpoint: Some(format!("https://{host}")),
        tls_authority: Some(authority),
        ..place(server)
    };
    let there = Place::from(trusted.clone());
    let storage = there.open(folder.path()).await.unwrap();
    let sent = vec![9; 3_000_000];
    let object = store(&storage, &sent).await.unwrap().object;
    assert_eq!(storage.read(object.hash, 1 << 30).await.unwrap(), sent);
    let stranger = S3 {
        tls_authority: None,
        ..trusted
    };
    let said = said(stranger).await;
    assert!(said.starts_with(&format!("no TLS with {host}: ")), "{said}");
}
