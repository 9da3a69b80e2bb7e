//! One association from its request to its end.

use std::net::SocketAddr;
use std::time::Instant;

use dicom_ul::pdu::Pdu;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::half_open::Unheard;
use super::handler::{
    Handler, Incoming, NormalizedOutcome, NormalizedRequest, Operation, Reports, StoreAnswer, StoreRequest,
};
use super::observer::Heard;
use super::report::Reporting;
use super::{Shared, query, retrieve};
use crate::association::{Association, Message, unexpected};
use crate::command::{Command, Operation as Asked};
use crate::negotiation::{self, Peer};
use crate::status::{Outcome, Status};
use crate::transport::Transport;
use crate::wire::{Received, Wire};
use crate::{Error, Result, data_set};

/// Serves an association to its end; what went wrong is logged, and the peer told, here.
pub(super) async fn run<H: Handler>(
    stream: Box<dyn Transport>,
    address: Option<SocketAddr>,
    unheard: Option<Unheard>,
    shared: &Shared<H>,
    stopped: watch::Receiver<bool>,
) {
    let config = &shared.config;
    let mut wire = Wire::new(stream, config.limits.clone(), config.timeouts.clone());
    let accepted = match accept(&mut wire, address, shared).await {
        Ok(accepted) => accepted,
        Err(error) => {
            match error {
                // Whoever looks whether somebody listens opens a connection and says nothing.
                Error::Closed => tracing::debug!(?address, %error, "no association"),
                _ => tracing::info!(?address, %error, "no association"),
            }
            if let Some((source, reason)) = error.abort_code() {
                wire.abort(source, reason).await;
            }
            return;
        }
    };
    drop(unheard);
    let Some((negotiated, _place)) = accepted else {
        wire.close().await;
        return;
    };
    let peer = negotiated.peer.clone();
    tracing::debug!(?address, ae_title = peer.ae_title, "associated");
    let heard = Heard::begin(&config.observer, &peer);
    let mut association = Association::new(wire, negotiated);
    let ended = messages(&mut association, &peer, shared, stopped).await;
    heard.over(&ended);
    match ended {
        Ok(()) => tracing::debug!(?address, ae_title = peer.ae_title, "released"),
        Err(error) => {
            tracing::info!(?address, ae_title = peer.ae_title, %error, "association ended");
            association.abort_for(&error).await;
        }
    }
}

type Accepted = Option<(negotiation::Negotiated, super::admission::Place)>;

/// Reads the request and answers it; `None` when it was rejected.
async fn accept<H>(wire: &mut Wire, address: Option<SocketAddr>, shared: &Shared<H>) -> Result<Accepted> {
    let config = &shared.config;
    let within = config.timeouts.association;
    let received = wire.receive_within(within, "an association request").await?;
    let Received::Negotiation(Pdu::AssociationRQ(request)) = received else {
        return Err(unexpected("an association request", "another PDU"));
    };
    let peer = negotiation::peer_of(&request, address);
    let asking = peer.clone();
    let decision = config
        .admission
        .admit(&peer)
        .and_then(|allowed| shared.counts.take(&peer.ae_title, allowed))
        .and_then(|place| {
            let (reply, negotiated) = negotiation::answer(
                &request,
                peer,
                &config.supported,
                &config.implementation,
                &config.limits,
            )?;
            Ok((reply, negotiated, place))
        });
    match decision {
        Ok((reply, negotiated, place)) => {
            wire.send_negotiation(&Pdu::AssociationAC(reply)).await?;
            Ok(Some((negotiated, place)))
        }
        Err(rejection) => {
            tracing::info!(?address, %rejection, "association rejected");
            config.observer.rejected(&asking, rejection);
            wire.send_rejection(rejection).await?;
            Ok(None)
        }
    }
}

async fn messages<H: Handler>(
    association: &mut Association,
    peer: &Peer,
    shared: &Shared<H>,
    mut stopped: watch::Receiver<bool>,
) -> Result<()> {
    let idle = shared.config.timeouts.idle;
    let (reports, mut reporting) = Reporting::new();
    let mut storing = Storing::new();
    let observed = |association: &mut Association, name, begun: Instant| {
        if let Some(status) = association.answered() {
            shared
                .config
                .observer
                .answered(peer, name, status, begun.elapsed());
        }
    };
    loop {
        let may_ask = storing.len() < usize::from(association.negotiated.outstanding);
        let event = tokio::select! {
            biased;
            Some(stored) = storing.join_next() => {
                answer_stored(association, stored, &observed).await?;
                continue;
            }
            event = tokio::time::timeout(idle, association.next_event()), if may_ask => event,
            report = reporting.next() => {
                reporting.send(association, report).await?;
                continue;
            }
            () = stop(&mut stopped) => {
                association.abort(2, 0).await;
                return Ok(());
            }
        };
        let message = match event.map_err(|_| Error::TimedOut("a message"))?? {
            None => {
                answer_all_stored(association, &mut storing, &observed).await?;
                return association.consent_to_release().await;
            }
            Some(message) => message,
        };
        if message.command.is_response {
            reporting.answered(&message)?;
            continue;
        }
        let (name, begun) = (message.command.operation.name(), Instant::now());
        if message.command.operation == Asked::CStore && association.negotiated.outstanding > 1 {
            let answer = receive(association, peer, &*shared.handler, &message).await?;
            storing.spawn(async move { (message, begun, answer.outcome().await) });
            continue;
        }
        answer_all_stored(association, &mut storing, &observed).await?;
        handle(association, peer, shared, message, &reports).await?;
        observed(association, name, begun);
    }
}

/// C-STOREs whose data sets came and whose answers did not leave yet; ended when it is dropped.
type Storing = JoinSet<(Message, Instant, Outcome)>;

/// What hears of an answer that has left: the request's name, and when it came.
type Observed<'a> = &'a (dyn Fn(&mut Association, &'static str, Instant) + Send + Sync);

async fn answer_stored(
    association: &mut Association,
    stored: Result<(Message, Instant, Outcome), tokio::task::JoinError>,
    observed: Observed<'_>,
) -> Result<()> {
    // As a panic of any other request, it ends the association of its own.
    let (message, begun, outcome) = stored.map_err(|_| Error::HandlerEnded)?;
    let response = message.command.response(&outcome);
    association.send(message.context_id, response, None).await?;
    observed(association, message.command.operation.name(), begun);
    Ok(())
}

async fn answer_all_stored(
    association: &mut Association,
    storing: &mut Storing,
    observed: Observed<'_>,
) -> Result<()> {
    while let Some(stored) = storing.join_next().await {
        answer_stored(association, stored, observed).await?;
    }
    Ok(())
}

/// Waits for the provider's shutdown.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    if stopped.wait_for(|stop| *stop).await.is_err() {
        // Nobody can stop us any more.
        std::future::pending::<()>().await;
    }
}

async fn handle<H: Handler>(
    association: &mut Association,
    peer: &Peer,
    shared: &Shared<H>,
    message: Message,
    reports: &Reports,
) -> Result<()> {
    let handler = &*shared.handler;
    let context = association.context(message.context_id)?;
    let (class, syntax) = (context.abstract_syntax.clone(), context.transfer_syntax.clone());
    let command = &message.command;
    // C-CANCEL crosses the last answer of what it cancels.
    if command.operation == Asked::CCancel {
        return Ok(());
    }
    let asked = (command.affected_sop_class_uid.as_ref()).or(command.requested_sop_class_uid.as_ref());
    // A print session uses its meta SOP class's context for the classes within (PS3.4 H.3.2).
    let is_normalized = matches!(
        command.operation,
        Asked::NCreate | Asked::NSet | Asked::NGet | Asked::NAction | Asked::NEventReport | Asked::NDelete
    );
    if !is_normalized && asked != Some(&class) {
        let status = match asked {
            Some(_) => Status::CLASS_NOT_SUPPORTED,
            None => Status::MISTYPED_ARGUMENT,
        };
        return refuse(association, &message, status.into()).await;
    }
    match command.operation {
        Asked::CEcho => {
            let outcome = handler.echo(peer).await;
            refuse(association, &message, outcome).await
        }
        Asked::CStore => store_one(association, peer, handler, &message).await,
        Asked::CFind => query::find(association, peer, handler, message, class, &syntax).await,
        Asked::CMove | Asked::CGet => retrieve::retrieve(association, peer, shared, message, class).await,
        _ if is_normalized => {
            let context = (class, syntax.as_str());
            normalized(association, peer, handler, message, context, reports).await
        }
        _ => refuse(association, &message, Status::UNRECOGNIZED_OPERATION.into()).await,
    }
}

/// Answers without a data set, after dropping the one that came.
pub(super) async fn refuse(association: &mut Association, message: &Message, outcome: Outcome) -> Result<()> {
    drain(association).await?;
    let response = message.command.response(&outcome);
    association.send(message.context_id, response, None).await
}

/// Reads and drops the rest of a data set, as long as it would be allowed to be.
async fn drain(association: &mut Association) -> Result<()> {
    let most = association.wire().limits.store_bytes;
    let mut dropped = 0;
    while let Some(bytes) = association.next_fragment().await? {
        dropped += bytes.len() as u64;
        if dropped > most {
            return Err(Error::TooLarge {
                what: "bytes of a data set",
                limit: most,
                found: dropped,
            });
        }
    }
    Ok(())
}

/// Hands one C-STORE to the handler and answers it; also for those that come back under C-GET.
pub(crate) async fn store_one<H: Handler>(
    association: &mut Association,
    peer: &Peer,
    handler: &H,
    message: &Message,
) -> Result<()> {
    let answer = receive(association, peer, handler, message).await?;
    let response = message.command.response(&answer.outcome().await);
    association.send(message.context_id, response, None).await
}

/// Hands one C-STORE to the handler, and drops what the handler left of its data set.
async fn receive<H: Handler>(
    association: &mut Association,
    peer: &Peer,
    handler: &H,
    message: &Message,
) -> Result<StoreAnswer> {
    let answer = receive_with(association, peer, handler, message).await?;
    drain(association).await?;
    Ok(answer)
}

async fn receive_with<H: Handler>(
    association: &mut Association,
    peer: &Peer,
    handler: &H,
    message: &Message,
) -> Result<StoreAnswer> {
    let command = &message.command;
    let context = association.context(message.context_id)?;
    let (Some(class), Some(instance)) = (
        &command.affected_sop_class_uid,
        &command.affected_sop_instance_uid,
    ) else {
        return Ok(Status::CANNOT_UNDERSTAND.into());
    };
    if *class != context.abstract_syntax {
        return Ok(Status::CLASS_NOT_SUPPORTED.into());
    }
    if !command.has_data_set {
        let outcome = Outcome::new(Status::CANNOT_UNDERSTAND, "expected a data set, found none");
        return Ok(outcome.into());
    }
    let request = StoreRequest {
        sop_class_uid: class.clone(),
        sop_instance_uid: instance.clone(),
        transfer_syntax_uid: context.transfer_syntax.clone(),
        move_originator: (command.move_originator.clone()).zip(command.move_originator_message_id),
    };
    let mut data = Incoming {
        association: &mut *association,
        received: 0,
        failure: None,
        is_too_large: false,
    };
    let answer = handler.store(peer, &request, &mut data).await;
    if let Some(failure) = data.failure.take() {
        return Err(failure);
    }
    if data.is_too_large {
        let words = "data set larger than this provider takes";
        return Ok(Outcome::new(Status::OUT_OF_RESOURCES, words).into());
    }
    Ok(answer)
}

async fn normalized<H: Handler>(
    association: &mut Association,
    peer: &Peer,
    handler: &H,
    message: Message,
    (context_class, syntax): (String, &str),
    reports: &Reports,
) -> Result<()> {
    let data_set = match association.read_data_set(&message).await? {
        Ok(data_set) => data_set,
        Err(error) => {
            let outcome = Outcome::new(Status::PROCESSING_FAILURE, error.to_string());
            return refuse(association, &message, outcome).await;
        }
    };
    let Some(request) = normalized_request(&message.command, data_set, context_class) else {
        return refuse(association, &message, Status::MISTYPED_ARGUMENT.into()).await;
    };
    let (class, instance) = (request.sop_class_uid.clone(), request.sop_instance_uid.clone());
    let mut answer: NormalizedOutcome = handler.normalized(peer, request, reports).await;
    let bytes = match answer.data_set.take().map(|d| data_set::encode(&d, syntax)) {
        None => None,
        Some(Ok(bytes)) => Some(bytes),
        Some(Err(error)) => {
            tracing::warn!(%error, "an answer cannot be encoded");
            answer.outcome = Status::PROCESSING_FAILURE.into();
            None
        }
    };
    let mut response = message.command.response(&answer.outcome);
    response.affected_sop_class_uid = Some(class);
    response.affected_sop_instance_uid = answer.sop_instance_uid.or(instance);
    association
        .send(message.context_id, response, bytes.as_deref())
        .await
}

/// Reads a request of an N-service; `None` when a field that it must have is missing.
fn normalized_request(
    command: &Command,
    data_set: Option<dicom_object::InMemDicomObject>,
    context_class: String,
) -> Option<NormalizedRequest> {
    let (operation, is_affected) = match command.operation {
        Asked::NCreate => (Operation::Create, true),
        Asked::NEventReport => (Operation::EventReport(command.event_type?), true),
        Asked::NSet => (Operation::Set, false),
        Asked::NGet => (Operation::Get(command.attributes.clone()), false),
        Asked::NAction => (Operation::Action(command.action_type?), false),
        Asked::NDelete => (Operation::Delete, false),
        _ => return None,
    };
    let (class, instance) = if is_affected {
        (
            &command.affected_sop_class_uid,
            &command.affected_sop_instance_uid,
        )
    } else {
        (
            &command.requested_sop_class_uid,
            &command.requested_sop_instance_uid,
        )
    };
    if instance.is_none() && operation != Operation::Create {
        return None;
    }
    Some(NormalizedRequest {
        operation,
        sop_class_uid: class.clone().unwrap_or(context_class),
        sop_instance_uid: instance.clone(),
        data_set,
    })
}
