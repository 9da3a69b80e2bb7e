//! Any bytes of a peer: before an association, on one, and as fragments of its messages. The provider comes to an end, and
//! all that it says are whole PDUs.
#![no_main]

use std::sync::{Arc, LazyLock};

use dimse::client::{Client, ClientConfig};
use dimse::negotiation::{Peer, Proposal, Supported};
use dimse::server::{
    AllowList, Answers, Config, Handler, Incoming, NormalizedOutcome, NormalizedRequest, Provider, Query, Reports,
    StoreAnswer, StoreRequest,
};
use dimse::{Outcome, Status};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};

const PLAIN: [&str; 2] = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"];
/// Verification, CT images, C-FIND and C-MOVE by study, performed procedure steps: contexts 1, 3, 5, 7, 9.
const CLASSES: [&str; 5] = [
    "1.2.840.10008.1.1",
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.2.2.1",
    "1.2.840.10008.5.1.4.1.2.2.2",
    "1.2.840.10008.3.1.2.3.3",
];

/// Reads what is stored, answers with what is asked.
struct Echo;

impl Handler for Echo {
    async fn store(&self, _: &Peer, _: &StoreRequest, data: &mut Incoming<'_>) -> StoreAnswer {
        loop {
            match data.next().await {
                Ok(Some(_)) => {}
                Ok(None) => return Status::SUCCESS.into(),
                Err(_) => return Status::CANNOT_UNDERSTAND.into(),
            }
        }
    }

    async fn find(&self, _: &Peer, query: &Query, answers: &Answers) -> Outcome {
        match answers.send(query.identifier.clone()).await {
            Ok(()) => Status::SUCCESS.into(),
            Err(_) => Status::CANCEL.into(),
        }
    }

    async fn normalized(&self, _: &Peer, request: NormalizedRequest, _: &Reports) -> NormalizedOutcome {
        NormalizedOutcome {
            outcome: Status::SUCCESS.into(),
            sop_instance_uid: request.sop_instance_uid,
            data_set: request.data_set,
        }
    }
}

/// Its clock jumps to the next timeout when all wait: a peer that is silent costs no time here.
fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true);
    builder.build().expect("one thread is there")
}

/// An association request for all of [`CLASSES`], as the client writes it.
static REQUEST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    runtime().block_on(async {
        let (far, mut near) = duplex(1 << 16);
        let proposals = CLASSES.map(Proposal::uncompressed);
        let config = ClientConfig::new("FUZZ", "UPTAKE");
        let asking = tokio::spawn(async move { Client::over(far, None, &config, &proposals).await.err() });
        let mut request = vec![0; 6];
        near.read_exact(&mut request).await.expect("a request is written");
        let length = u32::from_be_bytes([request[2], request[3], request[4], request[5]]);
        request.resize(6 + length as usize, 0);
        near.read_exact(&mut request[6..]).await.expect("a request is whole");
        drop(near);
        let _ = asking.await;
        request
    })
});

static PROVIDER: LazyLock<Provider<Echo>> = LazyLock::new(|| {
    let supported = CLASSES[2..]
        .iter()
        .fold(Supported::verification().storage(&PLAIN, false), |all, class| all.class(class, &PLAIN));
    let others = AllowList {
        others: Some(1),
        ..AllowList::default()
    };
    Provider::new(Config::new("UPTAKE", others, supported), Arc::new(Echo))
});

/// A PDU with one fragment of a message (PS3.8 9.3.5).
fn fragment(context_id: u8, flags: u8, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    let mut pdu = vec![4, 0];
    pdu.extend((length + 6).to_be_bytes());
    pdu.extend((length + 2).to_be_bytes());
    pdu.extend([context_id, flags]);
    pdu.extend(data);
    pdu
}

async fn said(bytes: &[u8]) -> Vec<u8> {
    let (near, far): (DuplexStream, DuplexStream) = duplex(1 << 16);
    let (mut from, mut to) = tokio::io::split(near);
    let mut answer = Vec::new();
    let ours = async {
        // The provider may be gone before it took all.
        let _ = to.write_all(bytes).await;
        let _ = to.shutdown().await;
    };
    let theirs = async {
        let _ = from.read_to_end(&mut answer).await;
    };
    tokio::join!(PROVIDER.serve_stream(far, None), ours, theirs);
    answer
}

fuzz_target!(|input: (bool, Vec<(u8, u8, &[u8])>, &[u8])| {
    let (is_associated, fragments, rest) = input;
    let mut bytes = Vec::new();
    if is_associated {
        bytes.extend_from_slice(&REQUEST);
    }
    for (context_id, flags, data) in fragments {
        bytes.extend(fragment(context_id, flags, data));
    }
    bytes.extend_from_slice(rest);
    let answer = runtime().block_on(said(&bytes));
    if is_associated {
        assert_eq!(answer.first(), Some(&2), "the association is accepted");
    }
    let mut left = &answer[..];
    while !left.is_empty() {
        assert!(left.len() >= 6 && (2..=7).contains(&left[0]), "a PDU's head");
        let length = u32::from_be_bytes([left[2], left[3], left[4], left[5]]) as usize;
        left = left.get(6 + length..).expect("the PDU is whole");
    }
});
