//! Several C-STOREs on their way at once (PS3.7 D.3.3.3).

use std::sync::Arc;
use std::time::Duration;

use dicom_ul::pdu::{Pdu, UserVariableItem};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::support::*;
use crate::association::Association;
use crate::command::{Command, Operation};
use crate::negotiation;
use crate::server::*;
use crate::wire::{Received, Wire};
use crate::*;

/// Counts data sets that came, and answers none before it may.
struct Slow {
    received: Arc<Semaphore>,
    safe: Arc<Semaphore>,
}

impl Handler for Slow {
    async fn store(&self, _peer: &Peer, request: &StoreRequest, data: &mut Incoming<'_>) -> StoreAnswer {
        while let Ok(Some(_)) = data.next().await {}
        self.received.add_permits(1);
        let (safe, is_broken) = (Arc::clone(&self.safe), request.sop_instance_uid.ends_with(".13"));
        StoreAnswer::Later(Box::pin(async move {
            safe.acquire().await.unwrap().forget();
            assert!(!is_broken, "as the test wants");
            Status::SUCCESS.into()
        }))
    }
}

/// A provider of a slow archive, and what governs it.
async fn slow(config: Config) -> (std::net::SocketAddr, Arc<Semaphore>, Arc<Semaphore>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (received, safe) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let handler = Slow {
        received: Arc::clone(&received),
        safe: Arc::clone(&safe),
    };
    tokio::spawn(serve(listener, config, Arc::new(handler), std::future::pending()));
    (address, received, safe)
}

/// Associates with a window proposed.
async fn asking(
    address: std::net::SocketAddr,
    window: [u8; 4],
    proposals: &[Proposal],
) -> (Association, (u16, u16)) {
    let config = ClientConfig::new("TEST", "UPTAKE");
    let mut request = negotiation::request(&config, proposals).unwrap();
    request
        .user_variables
        .push(UserVariableItem::Unknown(0x53, window.to_vec()));
    let stream = TcpStream::connect(address).await.unwrap();
    let mut wire = Wire::new(Box::new(stream), config.limits, config.timeouts);
    wire.send_negotiation(&Pdu::AssociationRQ(request)).await.unwrap();
    let reply = wire
        .receive_within(Duration::from_secs(10), "an answer")
        .await
        .unwrap();
    let Received::Negotiation(Pdu::AssociationAC(reply)) = reply else {
        panic!("no association: {reply:?}");
    };
    let agreed = negotiation::accepted(&reply, "UPTAKE", proposals, None).unwrap();
    let window = agreed.peer.asynchronous_window.unwrap();
    (Association::new(wire, agreed), window)
}

async fn send(association: &mut Association, number: usize) {
    let instance = instance(number, 16, negotiation::EXPLICIT_LITTLE_ENDIAN);
    let mut request = Command::request(Operation::CStore, association.message_id());
    request.affected_sop_class_uid = Some(instance.sop_class_uid);
    request.affected_sop_instance_uid = Some(instance.sop_instance_uid);
    request.priority = Some(0);
    association.send_data(1, request, instance.data).await.unwrap();
}

/// The message that is answered next, with its status.
async fn answered(association: &mut Association) -> (u16, Status) {
    let answer = association
        .next_message(Duration::from_secs(10), "an answer")
        .await
        .unwrap();
    (answer.command.message_id, answer.command.outcome().status)
}

fn storing() -> [Proposal; 1] {
    [Proposal::new(CT, &[negotiation::EXPLICIT_LITTLE_ENDIAN])]
}

#[tokio::test]
async fn the_window_is_agreed_where_only_storing_is() {
    let (address, ..) = slow(config()).await;
    let [stored] = storing();
    let verified = Proposal::uncompressed("1.2.840.10008.1.1");
    for (asked, proposals, agreed) in [
        (5, vec![stored.clone()], 5),
        (0, vec![stored.clone(), verified], 16),
        (400, vec![stored.clone()], 16),
        (1, vec![stored.clone()], 1),
        (5, vec![stored.clone(), Proposal::uncompressed(FIND)], 1),
        (5, vec![stored.as_provider()], 1),
    ] {
        let [high, low] = u16::to_be_bytes(asked);
        let (_, window) = asking(address, [high, low, 0, 3], &proposals).await;
        assert_eq!(window, (agreed, 1), "{asked} asked with {proposals:?}");
    }
}

#[tokio::test]
async fn data_sets_are_taken_before_the_first_is_answered_as_far_as_agreed() {
    let (address, received, safe) = slow(config()).await;
    let (mut association, window) = asking(address, [0, 3, 0, 1], &storing()).await;
    assert_eq!(window, (3, 1));
    for number in 0..5 {
        send(&mut association, number).await;
    }
    // Three came, none is answered; the fourth waits on the wire until one is.
    received.acquire_many(3).await.unwrap().forget();
    let more = tokio::time::timeout(Duration::from_millis(200), received.acquire()).await;
    assert!(more.is_err(), "a fourth was read");
    safe.add_permits(1);
    let (first, status) = answered(&mut association).await;
    assert_eq!(status, Status::SUCCESS);
    received.acquire().await.unwrap().forget();
    safe.add_permits(4);
    let mut answers = vec![first];
    for _ in 0..4 {
        answers.push(answered(&mut association).await.0);
    }
    answers.sort_unstable();
    assert_eq!(answers, [1, 2, 3, 4, 5]);
    association.release().await.unwrap();
}

#[tokio::test]
async fn a_release_waits_for_every_answer() {
    let (address, received, safe) = slow(config()).await;
    let (mut association, _) = asking(address, [0, 0, 0, 1], &storing()).await;
    send(&mut association, 1).await;
    send(&mut association, 2).await;
    received.acquire_many(2).await.unwrap().forget();
    let stored = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        safe.add_permits(2);
    };
    // Answers come before the consent, and are read over by it.
    let (released, ()) = tokio::join!(association.release(), stored);
    released.unwrap();
    assert_eq!(safe.available_permits(), 0);
}

#[tokio::test]
async fn a_handler_that_breaks_ends_its_association_only() {
    let (address, _received, safe) = slow(config()).await;
    safe.add_permits(10);
    let (mut association, _) = asking(address, [0, 4, 0, 1], &storing()).await;
    send(&mut association, 13).await;
    let ended = association
        .next_message(Duration::from_secs(10), "an answer")
        .await;
    assert!(matches!(ended, Err(Error::Aborted { .. })), "{ended:?}");
    let (mut association, _) = asking(address, [0, 4, 0, 1], &storing()).await;
    send(&mut association, 1).await;
    assert_eq!(answered(&mut association).await, (1, Status::SUCCESS));
    association.release().await.unwrap();
}
