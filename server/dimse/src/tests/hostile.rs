//! Peers that send noise, lie about lengths, stall or leave: each costs its own association, and is told so.

use std::time::Duration;

use dicom_ul::pdu::{Pdu, write_pdu};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::*;
use crate::command::{Command, Operation};
use crate::negotiation;
use crate::*;

const VERIFICATION: &str = "1.2.840.10008.1.1";

fn request_bytes(proposals: &[Proposal]) -> Vec<u8> {
    let request = negotiation::request(&ClientConfig::new("TEST", "UPTAKE"), proposals);
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &Pdu::AssociationRQ(request.unwrap())).unwrap();
    bytes
}

fn p_data(context_id: u8, flags: u8, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    let mut bytes = vec![4, 0];
    bytes.extend_from_slice(&(length + 6).to_be_bytes());
    bytes.extend_from_slice(&(length + 2).to_be_bytes());
    bytes.extend_from_slice(&[context_id, flags]);
    bytes.extend_from_slice(data);
    bytes
}

/// Sends bytes and reads what comes until the provider closes.
async fn answer_to(provider: &Running, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(provider.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    rest_of(&mut stream).await
}

async fn rest_of(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    // A reset counts as closed.
    let _ = tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .expect("the provider to close");
    answer
}

/// An association accepted, byte by byte.
async fn associated(provider: &Running, proposals: &[Proposal]) -> TcpStream {
    let mut stream = TcpStream::connect(provider.address).await.unwrap();
    stream.write_all(&request_bytes(proposals)).await.unwrap();
    let mut head = [0; 6];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[0], 2);
    let length = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
    stream.read_exact(&mut vec![0; length as usize]).await.unwrap();
    stream
}

async fn still_serves(provider: &Running) {
    let mut client = client(provider.address, &[Proposal::uncompressed(VERIFICATION)])
        .await
        .unwrap();
    assert_eq!(client.echo().await.unwrap().status, Status::SUCCESS);
    client.release().await.unwrap();
}

fn hasty() -> Config {
    let mut config = config();
    config.timeouts.association = Duration::from_millis(400);
    config.timeouts.pdu = Duration::from_millis(400);
    config.timeouts.idle = Duration::from_millis(800);
    config
}

#[tokio::test]
async fn noise_and_lengths_that_lie_are_answered_by_an_abort() {
    let provider = provider(Archive::default(), hasty()).await;
    let abort = |reason| vec![7, 0, 0, 0, 0, 4, 0, 0, 2, reason];
    // An HTTP request, a length of 4 GB, P-DATA before an association, an association of nothing.
    assert_eq!(answer_to(&provider, b"GET / HTTP/1.1\r\n\r\n").await, abort(1));
    assert_eq!(
        answer_to(&provider, &[1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1]).await,
        abort(6)
    );
    assert_eq!(answer_to(&provider, &p_data(1, 3, b"noise")).await, abort(2));
    assert_eq!(
        answer_to(&provider, &[1, 0, 0, 0, 0, 4, 0, 1, 0, 0]).await,
        abort(6)
    );
    still_serves(&provider).await;
}

#[tokio::test]
async fn every_truncation_of_a_request_ends_quietly() {
    let provider = provider(Archive::default(), hasty()).await;
    let whole = request_bytes(&[Proposal::uncompressed(VERIFICATION)]);
    for length in (0..whole.len()).step_by(7) {
        let mut stream = TcpStream::connect(provider.address).await.unwrap();
        stream.write_all(&whole[..length]).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(rest_of(&mut stream).await, b"");
    }
    still_serves(&provider).await;
}

#[tokio::test]
async fn silent_and_dripping_connections_end_and_block_nobody() {
    let provider = provider(Archive::default(), hasty()).await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(TcpStream::connect(provider.address).await.unwrap());
    }
    still_serves(&provider).await;
    for stream in &mut silent {
        assert_eq!(rest_of(stream).await, [7, 0, 0, 0, 0, 4, 0, 0, 2, 0]);
    }
    // A byte now and then does not keep a PDU alive.
    let mut dripping = associated(&provider, &[Proposal::uncompressed(VERIFICATION)]).await;
    for byte in [4, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1] {
        let _ = dripping.write_all(&[byte]).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    assert_eq!(rest_of(&mut dripping).await, [7, 0, 0, 0, 0, 4, 0, 0, 2, 0]);
    // Nor does an association without messages.
    let mut idle = associated(&provider, &[Proposal::uncompressed(VERIFICATION)]).await;
    assert_eq!(rest_of(&mut idle).await, [7, 0, 0, 0, 0, 4, 0, 0, 2, 0]);
    still_serves(&provider).await;
}

#[tokio::test]
async fn one_address_takes_only_so_many_places_unheard() {
    let mut config = config();
    config.half_open_per_address = 3;
    let provider = provider(Archive::default(), config).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(TcpStream::connect(provider.address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut beyond = TcpStream::connect(provider.address).await.unwrap();
    assert_eq!(rest_of(&mut beyond).await, b"", "closed unheard");
    drop(silent);
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Associations do not count, however many there are.
    let mut associations = Vec::new();
    for _ in 0..5 {
        associations.push(associated(&provider, &[Proposal::uncompressed(VERIFICATION)]).await);
    }
    still_serves(&provider).await;
}

#[tokio::test]
async fn bad_fragments_and_commands_end_their_association() {
    let provider = provider(Archive::default(), hasty()).await;
    let echo = Command::request(Operation::CEcho, 1).encode();
    let mut beyond = p_data(1, 3, &echo);
    beyond[9] = 0xFF;
    let endless: Vec<u8> = (0..70).flat_map(|_| p_data(1, 1, &[0; 1000])).collect();
    let empty: Vec<u8> = (0..2000).flat_map(|_| p_data(1, 1, b"")).collect();
    for bytes in [
        p_data(3, 3, &echo),     // a context that was not accepted
        p_data(1, 2, b"data"),   // a data set without a command
        p_data(1, 3, b"\0\0no"), // no command
        beyond,                  // a fragment beyond its PDU
        endless,                 // a command of 70 KB
        empty,                   // fragments without end
    ] {
        let mut stream = associated(&provider, &[Proposal::uncompressed(VERIFICATION)]).await;
        let _ = stream.write_all(&bytes).await;
        let answer = rest_of(&mut stream).await;
        assert_eq!(answer.first(), Some(&7), "{:?}", &bytes[..12]);
    }
    still_serves(&provider).await;
}

#[tokio::test]
async fn hostile_identifiers_are_refused_and_the_association_stands() {
    let provider = provider(Archive::default(), config()).await;
    let mut stream = associated(&provider, &[Proposal::new(FIND, &["1.2.840.10008.1.2"])]).await;
    let mut command = Command::request(Operation::CFind, 1);
    command.affected_sop_class_uid = Some(FIND.into());
    command.has_data_set = true;
    let nested: Vec<u8> = (0..20_000)
        .flat_map(|_| *b"\x08\0\x15\x11\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF")
        .collect();
    let noise: Vec<u8> = (0..999_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for identifier in [&nested[..], &noise[..], b"\x08\0"] {
        let mut bytes = p_data(1, 3, &command.encode());
        for chunk in identifier.chunks(100_000) {
            bytes.extend(p_data(1, 0, chunk));
        }
        bytes.extend(p_data(1, 2, b""));
        stream.write_all(&bytes).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
        let mut answer = vec![0; length as usize - 6];
        stream.read_exact(&mut answer).await.unwrap();
        let answer = Command::decode(&answer).unwrap();
        assert_eq!(answer.status, Some(Status::CANNOT_UNDERSTAND));
    }
}

#[tokio::test]
async fn a_store_that_stalls_or_is_cut_is_not_kept() {
    let provider = provider(Archive::default(), hasty()).await;
    let mut command = Command::request(Operation::CStore, 1);
    command.affected_sop_class_uid = Some(CT.into());
    command.affected_sop_instance_uid = Some("1.2.3".into());
    command.has_data_set = true;
    for shuts in [false, true] {
        let mut stream = associated(&provider, &[Proposal::uncompressed(CT)]).await;
        stream.write_all(&p_data(1, 3, &command.encode())).await.unwrap();
        stream.write_all(&p_data(1, 0, &[0; 5000])).await.unwrap();
        if shuts {
            stream.shutdown().await.unwrap();
        }
        let expected: &[u8] = if shuts {
            b""
        } else {
            &[7, 0, 0, 0, 0, 4, 0, 0, 2, 0]
        };
        assert_eq!(rest_of(&mut stream).await, expected);
    }
    assert!(provider.archive.stored.lock().unwrap().is_empty());
    still_serves(&provider).await;
}

#[tokio::test]
async fn unknown_operations_and_classes_are_answered() {
    let provider = provider(Archive::default(), config()).await;
    let mut stream = associated(&provider, &[Proposal::uncompressed(VERIFICATION)]).await;
    for (operation, class, status) in [
        (
            Operation::Unknown(0x0077),
            VERIFICATION,
            Status::UNRECOGNIZED_OPERATION,
        ),
        (Operation::CEcho, CT, Status::CLASS_NOT_SUPPORTED),
    ] {
        let mut command = Command::request(operation, 5);
        command.affected_sop_class_uid = Some(class.into());
        stream.write_all(&p_data(1, 3, &command.encode())).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        let mut answer = vec![0; usize::from(head[5]) + usize::from(head[4]) * 256 - 6];
        stream.read_exact(&mut answer).await.unwrap();
        let answer = Command::decode(&answer).unwrap();
        assert_eq!((answer.status, answer.message_id), (Some(status), 5));
    }
}

proptest::proptest! {
    #[test]
    fn a_damaged_request_never_panics(
        changes in proptest::collection::vec((6usize..400, 0u8..), 1..20),
        cut in 6usize..400,
    ) {
        let mut proposals = vec![Proposal::uncompressed(GET), Proposal::uncompressed(CT).as_provider()];
        proposals.push(Proposal::uncompressed(VERIFICATION));
        let mut bytes = request_bytes(&proposals);
        bytes.truncate(cut.max(bytes.len() - cut % 40));
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        let length = (bytes.len() as u32 - 6).to_be_bytes();
        bytes[2..6].copy_from_slice(&length);
        if let Ok(Pdu::AssociationRQ(request)) = crate::wire::negotiation(&bytes) {
            let peer = negotiation::peer_of(&request, None);
            let config = config();
            let _ = negotiation::answer(
                &request, peer, &config.supported, &config.implementation, &config.limits,
            );
        }
    }
}

/// What a provider says to bytes, on a stream that ends behind them.
async fn said_to(bytes: &[u8]) -> Vec<u8> {
    let provider = Provider::new(config(), std::sync::Arc::new(Archive::default()));
    let (near, far) = tokio::io::duplex(1 << 16);
    let (mut reading, mut writing) = tokio::io::split(near);
    let mut answer = Vec::new();
    let ours = async {
        // The provider may be gone before it took all.
        let _ = writing.write_all(bytes).await;
        let _ = writing.shutdown().await;
    };
    let theirs = async { drop(reading.read_to_end(&mut answer).await) };
    let all = async { tokio::join!(provider.serve_stream(far, None), ours, theirs) };
    tokio::time::timeout(Duration::from_secs(20), all)
        .await
        .expect("the provider to end with its peer");
    answer
}

proptest::proptest! {
    /// What the fuzz target `pdu` does, on less.
    #[test]
    fn any_bytes_are_answered_by_whole_pdus(
        is_associated: bool,
        fragments in proptest::collection::vec((0u8..6, 0u8..4, proptest::collection::vec(0u8.., 0..64)), 0..4),
        rest in proptest::collection::vec(0u8.., 0..64),
    ) {
        let proposals = [VERIFICATION, FIND, MPPS].map(Proposal::uncompressed);
        let mut bytes = if is_associated { request_bytes(&proposals) } else { Vec::new() };
        for (context_id, flags, data) in fragments {
            bytes.extend(p_data(context_id, flags, &data));
        }
        bytes.extend(rest);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(said_to(&bytes));
        if is_associated {
            proptest::prop_assert_eq!(answer.first(), Some(&2));
        }
        let mut left = &answer[..];
        while let [kind, 0, a, b, c, d, rest @ ..] = left {
            proptest::prop_assert!((2..=7).contains(kind));
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            proptest::prop_assert!(length <= rest.len());
            left = &rest[length..];
        }
        proptest::prop_assert!(left.is_empty());
    }
}
