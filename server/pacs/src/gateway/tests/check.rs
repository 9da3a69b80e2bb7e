//! What a test of a connection tells.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::{certificate, key, secure};
use crate::access::{Action, TokenFile, new_token};
use crate::gateway::{CloudNode, Kind, Receiver, Service, check};
use crate::routing::{DimseNode, Node as Reached, WebNode};
use crate::test_folder::TestFolder;
use crate::test_node::Node;

#[tokio::test]
async fn a_test_of_a_connection_tells_the_steps_apart() {
    let (folder, other) = (TestFolder::new("cloud"), TestFolder::new("other"));
    let cloud = Node::start(folder.path(), "CLOUD").await;
    let token_file = folder.path().join("tokens.toml");
    let (token, entry) = new_token("gateway", &[Action::Deliver]).unwrap();
    std::fs::write(&token_file, entry).unwrap();
    let (port, authority) = secure(&cloud, &folder, Arc::new(TokenFile::open(&token_file).unwrap())).await;
    let (wrong, _) = certificate();
    let wrong_authority = other.path().join("authority.pem");
    std::fs::write(&wrong_authority, wrong).unwrap();
    let key_file = key(&cloud, &folder, "ward", Kind::Key).await;
    let token_key = other.path().join("token");
    std::fs::write(&token_key, token).unwrap();
    let no_key = other.path().join("no-key");
    std::fs::write(&no_key, "guess").unwrap();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let node = |url: String, key_file: &Path, authority: &Path| {
        Reached::Cloud(CloudNode {
            url,
            key_file: key_file.to_owned(),
            tls_authority: Some(authority.to_owned()),
        })
    };
    let url = |port: u16| format!("https://localhost:{port}");
    let dicom = |address: String, title: &str, tls_authority| {
        Reached::Dimse(DimseNode {
            ae_title: title.to_owned(),
            address,
            tls_authority,
        })
    };
    let service = Receiver::new(cloud.archive.clone(), Vec::new());
    let listened = Service {
        address: ([127, 0, 0, 1], 0).into(),
        ae_title: "CLOUD".to_owned(),
    };
    let dicom_port = service.start(&listened).await.unwrap();
    for (node, expected) in [
        (
            node(url(port), &key_file, &authority),
            "The node answers and accepts us.",
        ),
        (
            node(url(port), &token_key, &authority),
            "The node answers and accepts us.",
        ),
        (
            node("http://cloud.example".to_owned(), &key_file, &authority),
            "The configuration cannot be used: plain http",
        ),
        (
            node("https://nowhere.invalid".to_owned(), &key_file, &authority),
            "DNS: the name nowhere.invalid is not known.",
        ),
        (
            node(url(closed), &key_file, &authority),
            "TCP: nobody answers there",
        ),
        (
            node(url(port), &key_file, &wrong_authority),
            "TLS: no trusted connection",
        ),
        (
            node(url(cloud.http_port), &key_file, &authority),
            "TLS: no trusted connection",
        ),
        (
            node(url(port), &no_key, &authority),
            "Key: the node does not accept it (status 401).",
        ),
        (
            node(format!("{}/elsewhere", url(port)), &key_file, &authority),
            "Something answers, but not this service: status 404",
        ),
        (
            dicom(format!("127.0.0.1:{dicom_port}"), "CLOUD", None),
            "The node answers and accepts us.",
        ),
        (
            dicom(format!("127.0.0.1:{dicom_port}"), "OTHER", None),
            "Association: rejected: called AE title not recognized",
        ),
        (
            dicom(format!("127.0.0.1:{closed}"), "CLOUD", None),
            "TCP: nobody answers there",
        ),
        (
            dicom("nowhere.invalid:104".to_owned(), "CLOUD", None),
            "DNS: the name nowhere.invalid is not known.",
        ),
        (
            dicom("127.0.0.1".to_owned(), "CLOUD", None),
            "The configuration cannot be used: expected host:port",
        ),
        (
            dicom(
                format!("127.0.0.1:{dicom_port}"),
                "CLOUD",
                Some(authority.clone()),
            ),
            "TLS: no trusted connection",
        ),
        (
            dicom(
                format!("localhost:{port}"),
                "CLOUD",
                Some(wrong_authority.clone()),
            ),
            "TLS: no trusted connection",
        ),
        (
            dicom(format!("localhost:{}", cloud.http_port), "CLOUD", None),
            "Something answers, but not this service",
        ),
        (
            Reached::Dicomweb(WebNode {
                url: format!("http://127.0.0.1:{}/no", cloud.http_port),
                token_file: None,
                tls_authority: None,
            }),
            "Something answers, but not this service: status 404",
        ),
    ] {
        let found = check(&node, "NM-TRANSFER").await;
        assert!(found.to_string().starts_with(expected), "{node:?}: {found}");
        assert!(!found.in_chinese().is_empty());
    }
}
