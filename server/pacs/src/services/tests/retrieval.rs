//! Retrieval: other transfer syntaxes, other places, and its ends.

use std::path::Path;
use std::sync::{Arc, Mutex};

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dimse::server::{AllowList, Handler, Incoming, StoreAnswer, StoreRequest};
use dimse::{
    Client, ClientConfig, Config, Data, Instance, Peer, Proposal, Provider, Roles, Status, Supported,
};
use tokio::net::TcpListener;

use super::super::Destination;
use super::super::applications::{Application, Applications};
use super::{EXPLICIT, FIND, GET, archive, bytes_of, client, damage, image, instance, object, serve, start};
use crate::test_folder::TestFolder;

const IMPLICIT: &str = "1.2.840.10008.1.2";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const CT: &str = uids::CT_IMAGE_STORAGE;
const MOVE: &str = uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE;
const STUDY: &str = "1.2.826.0.1.3680043.8.498.77";

/// Keeps what comes.
#[derive(Default)]
struct Receiver {
    stored: Mutex<Vec<(StoreRequest, Vec<u8>)>>,
}

impl Handler for Receiver {
    async fn store(&self, _peer: &Peer, request: &StoreRequest, data: &mut Incoming<'_>) -> StoreAnswer {
        let mut bytes = Vec::new();
        loop {
            match data.next().await {
                Ok(Some(fragment)) => bytes.extend_from_slice(&fragment),
                Ok(None) => break,
                Err(_) => return Status::CANNOT_UNDERSTAND.into(),
            }
        }
        self.stored.lock().unwrap().push((request.clone(), bytes));
        Status::SUCCESS.into()
    }
}

fn study(uid: &str) -> dicom_object::InMemDicomObject {
    object(&[
        (tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY"),
        (tags::STUDY_INSTANCE_UID, VR::UI, uid),
    ])
}

/// The image, compressed.
async fn compressed(number: usize) -> Instance {
    let plain = image(number);
    let meta = dicom_object::FileMetaTableBuilder::new().transfer_syntax(EXPLICIT);
    let mut file = Vec::new();
    plain.with_meta(meta).unwrap().write_all(&mut file).unwrap();
    let transcoder = crate::transcode::Transcoder::default();
    let made = transcoder
        .transcode(file.into(), codec::TransferSyntax::JpegLsLossless)
        .await
        .unwrap();
    let start = crate::ingest::data_set_start(&made).unwrap();
    Instance {
        transfer_syntax_uid: JPEG_LS.to_owned(),
        data: Data::Bytes(made.slice(start..)),
        ..instance(number)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_gets_what_it_takes_with_the_same_pixels() {
    let folder = TestFolder::new("retrieval");
    let running = start(folder.path(), Default::default()).await;
    let mut sender = client(running.port, &Proposal::for_instances([(CT, JPEG_LS)])).await;
    let sent = compressed(0).await;
    let Data::Bytes(sent_bytes) = &sent.data else {
        unreachable!()
    };
    let sent_bytes = sent_bytes.clone();
    assert_eq!(sender.store(sent).await.unwrap().status, Status::SUCCESS);
    let roles = Some(Roles {
        user: false,
        provider: true,
    });
    for (taken, expected) in [
        (vec![JPEG_LS, EXPLICIT], JPEG_LS),
        (vec![EXPLICIT, IMPLICIT], EXPLICIT),
        (vec![IMPLICIT], IMPLICIT),
    ] {
        let class = Proposal {
            roles,
            ..Proposal::new(CT, &taken)
        };
        let mut asker = client(running.port, &[Proposal::uncompressed(GET), class]).await;
        let receiver = Receiver::default();
        let end = asker.get(GET, &study(STUDY), &receiver, |_| {}).await.unwrap();
        assert_eq!(
            (end.outcome.status, end.counts.completed),
            (Status::SUCCESS, 1),
            "{taken:?}"
        );
        let stored = receiver.stored.into_inner().unwrap();
        let (request, bytes) = &stored[0];
        assert_eq!(request.transfer_syntax_uid, expected);
        if expected == JPEG_LS {
            assert!(bytes == &sent_bytes, "as it was stored, byte for byte");
        } else {
            let original = image(0);
            let read = dicom_object::InMemDicomObject::read_dataset_with_ts(
                bytes.as_slice(),
                dicom_encoding::TransferSyntaxIndex::get(
                    &dicom_transfer_syntax_registry::TransferSyntaxRegistry,
                    expected,
                )
                .unwrap(),
            )
            .unwrap();
            let pixels = |o: &dicom_object::InMemDicomObject| {
                o.element(tags::PIXEL_DATA)
                    .unwrap()
                    .to_bytes()
                    .unwrap()
                    .into_owned()
            };
            assert!(pixels(&read) == pixels(&original), "{expected}");
        }
        asker.release().await.unwrap();
    }
    running.end().await;
}

/// A study of one image of 35 MB.
fn large() -> Instance {
    let mut image = image(0);
    for tag in [tags::ROWS, tags::COLUMNS] {
        image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(4200_u16)));
    }
    let pixels: Vec<u8> = (0..4200 * 4200 * 2_u32).map(|n| (n % 251) as u8 & 15).collect();
    image.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OW,
        PrimitiveValue::U8(pixels.into()),
    ));
    Instance {
        data: Data::Bytes(bytes_of(&image).into()),
        ..instance(0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_is_streamed_with_its_corrections_and_never_damaged() {
    let folder = TestFolder::new("retrieval");
    let running = start(folder.path(), Default::default()).await;
    let mut sender = client(running.port, &Proposal::for_instances([(CT, EXPLICIT)])).await;
    let Data::Bytes(sent) = large().data else {
        unreachable!()
    };
    assert_eq!(sender.store(large()).await.unwrap().status, Status::SUCCESS);
    let proposals = [
        Proposal::uncompressed(GET),
        Proposal::new(CT, &[EXPLICIT]).as_provider(),
    ];
    let get = async || {
        let mut asker = client(running.port, &proposals).await;
        let receiver = Receiver::default();
        let end = asker.get(GET, &study(STUDY), &receiver, |_| {}).await;
        let end = end.map(|end| (end.outcome.status, end.counts.completed));
        (end.ok(), receiver.stored.into_inner().unwrap())
    };
    let (end, received) = get().await;
    assert_eq!(end, Some((Status::SUCCESS, 1)));
    assert!(received[0].1 == sent, "as it was stored, byte for byte");

    let correction = crate::index::NewCorrection {
        custodian: None,
        scope: crate::index::Scope::Study(STUDY.to_owned()),
        changes: [(tags::ACCESSION_NUMBER, "CORRECTED-77".to_owned())].into(),
        actor: "web:clerk".to_owned(),
        at_ns: 1_767_225_600_000_000_000,
        reason: "misread".to_owned(),
    };
    running.archive.correct(&correction).await.unwrap();
    let (end, received) = get().await;
    assert_eq!(end, Some((Status::SUCCESS, 1)));
    let bytes = &received[0].1;
    assert!(bytes.windows(12).any(|window| window == b"CORRECTED-77"));
    assert!(
        bytes.ends_with(&sent[sent.len() - 4200 * 4200 * 2..]),
        "the same pixels"
    );

    damage(folder.path(), &instance(0).sop_instance_uid);
    let (end, received) = get().await;
    assert!(received.is_empty(), "a damaged object left");
    assert_ne!(end.map(|(status, _)| status), Some(Status::SUCCESS));
    running.end().await;
}

/// A destination over TLS, with a certificate of its own, which the file at `authority` gets.
async fn secure_destination(authority: &Path) -> (u16, Arc<Receiver>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    std::fs::write(authority, made.cert.pem()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let receiver = Arc::new(Receiver::default());
    let everybody = AllowList {
        others: Some(8),
        ..AllowList::default()
    };
    let config = Config::new(
        "THERE",
        everybody,
        Supported::verification().storage(&[EXPLICIT], false),
    );
    let provider = Provider::new(config, Arc::clone(&receiver));
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    tokio::spawn(async move {
        let secure = |stream| acceptor.accept(stream);
        provider
            .serve_over(listener, secure, std::future::pending())
            .await;
    });
    (port, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_goes_over_tls_where_the_list_says_so() {
    let folder = TestFolder::new("retrieval");
    let authority = folder.path().join("authority.pem");
    let (port, receiver) = secure_destination(&authority).await;
    let archive = archive(folder.path(), Default::default()).await;
    let applications = Applications::open(archive.index().clone()).await.unwrap();
    let mut there = Application::new("THERE");
    there.address = Some(format!("localhost:{port}"));
    there.is_secure = true;
    applications.put(&there).await.unwrap();
    let listed = applications.admitting_others(Application::new(""));
    let archive = archive.with_applications(listed.clone());
    let archive = archive.with_tls(crate::tls::connector(&authority).unwrap());
    let running = serve(archive, listed).await;
    let mut sender = client(running.port, &Proposal::for_instances([(CT, EXPLICIT)])).await;
    sender.store(instance(0)).await.unwrap();
    let mut asker = client(running.port, &[Proposal::uncompressed(MOVE)]).await;
    let end = asker.move_to(MOVE, "THERE", &study(STUDY), |_| {}).await.unwrap();
    assert_eq!((end.outcome.status, end.counts.completed), (Status::SUCCESS, 1));
    assert_eq!(
        receiver.stored.lock().unwrap()[0]
            .0
            .move_originator
            .as_ref()
            .unwrap()
            .0,
        "TESTER"
    );
    // What nobody has is a success without sub-operations; where nobody knows is refused.
    let end = asker
        .move_to(MOVE, "THERE", &study("1.2.3.99"), |_| {})
        .await
        .unwrap();
    assert_eq!(
        (end.outcome.status, end.counts),
        (Status::SUCCESS, Default::default())
    );
    let end = asker
        .move_to(MOVE, "NOWHERE", &study(STUDY), |_| {})
        .await
        .unwrap();
    assert_eq!(end.outcome.status, Status::DESTINATION_UNKNOWN);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_an_unreached_place_says_so() {
    let folder = TestFolder::new("retrieval");
    let there = Destination {
        address: "127.0.0.1:1".to_owned(),
        ae_title: "THERE".to_owned(),
    };
    let running = start(folder.path(), [("THERE".to_owned(), there)].into()).await;
    let mut sender = client(running.port, &Proposal::for_instances([(CT, EXPLICIT)])).await;
    sender.store(instance(0)).await.unwrap();
    let mut asker = client(running.port, &[Proposal::uncompressed(MOVE)]).await;
    let end = asker.move_to(MOVE, "THERE", &study(STUDY), |_| {}).await.unwrap();
    assert_eq!(
        (end.outcome.status, end.counts.failed),
        (Status::CANNOT_PERFORM, 1)
    );
    running.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn relational_and_fuzzy_queries_are_agreed_on_and_honoured() {
    let folder = TestFolder::new("retrieval");
    let running = start(folder.path(), Default::default()).await;
    let mut sender = client(running.port, &Proposal::for_instances([(CT, EXPLICIT)])).await;
    sender.store(instance(0)).await.unwrap();
    let mut config = ClientConfig::new("TESTER", "UPTAKE");
    config.extended = vec![(FIND.to_owned(), vec![1, 1, 1]), (CT.to_owned(), vec![2, 0, 0])];
    let proposals = [Proposal::uncompressed(FIND), Proposal::uncompressed(CT)];
    let mut asker = Client::connect(("127.0.0.1", running.port), &config, &proposals)
        .await
        .unwrap();
    // Combined times are not honoured, and not promised.
    assert_eq!(
        asker.negotiated().peer.extended,
        [(FIND.to_owned(), vec![1, 0, 1])]
    );
    for (name, expected) in [
        ("wxd", 1),
        ("小东", 1),
        ("xiaodong wang", 1),
        ("wang*", 1),
        ("dong wxx", 0),
    ] {
        let identifier = object(&[
            (tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY"),
            (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
            (tags::PATIENT_NAME, VR::PN, name),
        ]);
        let (found, _) = asker
            .find(FIND, &identifier)
            .await
            .unwrap()
            .all(10)
            .await
            .unwrap();
        assert_eq!(found.len(), expected, "{name}");
    }
    let identifier = object(&[
        (tags::QUERY_RETRIEVE_LEVEL, VR::CS, "IMAGE"),
        (tags::PATIENT_ID, VR::LO, "P77"),
        (tags::SOP_INSTANCE_UID, VR::UI, ""),
    ]);
    let (found, _) = asker
        .find(FIND, &identifier)
        .await
        .unwrap()
        .all(10)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    let patients = object(&[(tags::QUERY_RETRIEVE_LEVEL, VR::CS, "PATIENT")]);
    let (_, end) = asker.find(FIND, &patients).await.unwrap().all(10).await.unwrap();
    assert_eq!(end.status, Status::CLASS_MISMATCH, "a study root has no patients");
    running.end().await;
}
