//! The user: an association of ours, and what can be asked on it.

pub mod commitment;
pub mod print;
mod query;

use std::net::SocketAddr;
use std::time::Duration;

use dicom_dictionary_std::uids::VERIFICATION;
use dicom_object::InMemDicomObject;
use dicom_ul::pdu::Pdu;
use tokio::net::{TcpStream, ToSocketAddrs};

pub use query::{Answer, Counts, Find, Retrieval};

use crate::association::{Association, Message, unexpected};
use crate::command::{Command, Operation as Asked};
use crate::negotiation::{self, Credentials, Implementation, Negotiated, Proposal};
use crate::server::{NormalizedOutcome, NormalizedRequest, Operation};
use crate::status::{Outcome, Status};
use crate::transport::{Transport, prepare};
use crate::wire::{Received, Wire};
use crate::{Error, Instance, Limits, Rejection, Result, Timeouts, data_set};

/// How a user associates.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Our AE title.
    pub calling_ae_title: String,
    /// The provider's AE title.
    pub called_ae_title: String,
    /// User identity, where the provider asks for one.
    pub credentials: Option<Credentials>,
    /// Extended negotiation: SOP class and its application information.
    pub extended: Vec<(String, Vec<u8>)>,
    /// How we introduce ourselves.
    pub implementation: Implementation,
    /// Sizes.
    pub limits: Limits,
    /// Times.
    pub timeouts: Timeouts,
}

impl ClientConfig {
    /// The usual limits, without identity.
    pub fn new(calling_ae_title: &str, called_ae_title: &str) -> Self {
        Self {
            calling_ae_title: calling_ae_title.to_owned(),
            called_ae_title: called_ae_title.to_owned(),
            credentials: None,
            extended: Vec::new(),
            implementation: Implementation::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
        }
    }
}

/// An association that we asked for. After an [`Error`] other than [`Error::NoContext`] and [`Error::Encode`] it is
/// over; the peer has been told.
#[derive(Debug)]
pub struct Client {
    association: Association,
}

impl Client {
    /// Connects by TCP and associates.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] with the provider's reason; otherwise what failed on the way.
    pub async fn connect(
        address: impl ToSocketAddrs,
        config: &ClientConfig,
        proposals: &[Proposal],
    ) -> Result<Self> {
        let within = config.timeouts.association;
        let stream = tokio::time::timeout(within, TcpStream::connect(address))
            .await
            .map_err(|_| Error::TimedOut("a connection"))??;
        prepare(&stream)?;
        let address = stream.peer_addr().ok();
        Self::over(stream, address, config, proposals).await
    }

    /// Associates on a stream that is already there, as one that TLS protects.
    ///
    /// # Errors
    ///
    /// As [`Self::connect`].
    pub async fn over(
        stream: impl Transport + 'static,
        address: Option<SocketAddr>,
        config: &ClientConfig,
        proposals: &[Proposal],
    ) -> Result<Self> {
        let request = negotiation::request(config, proposals)?;
        let mut wire = Wire::new(Box::new(stream), config.limits.clone(), config.timeouts.clone());
        let agreed = async {
            wire.send_negotiation(&Pdu::AssociationRQ(request)).await?;
            let within = config.timeouts.association;
            match wire.receive_within(within, "an association's answer").await? {
                Received::Negotiation(Pdu::AssociationAC(reply)) => {
                    negotiation::accepted(&reply, &config.called_ae_title, proposals, address)
                }
                Received::Negotiation(Pdu::AssociationRJ(rejected)) => {
                    Err(Error::Rejected(rejection(&rejected)))
                }
                _ => Err(unexpected("an association's answer", "another PDU")),
            }
        };
        match agreed.await {
            Ok(negotiated) => Ok(Self {
                association: Association::new(wire, negotiated),
            }),
            Err(error) => {
                if let Some((source, reason)) = error.abort_code() {
                    wire.abort(source, reason).await;
                }
                Err(error)
            }
        }
    }

    /// What was agreed.
    pub fn negotiated(&self) -> &Negotiated {
        &self.association.negotiated
    }

    /// C-ECHO.
    ///
    /// # Errors
    ///
    /// [`Error::NoContext`] without a verification context; otherwise the association is over.
    pub async fn echo(&mut self) -> Result<Outcome> {
        let context_id = self.context(VERIFICATION, &[])?.0;
        let mut request = self.request(Asked::CEcho);
        request.affected_sop_class_uid = Some(VERIFICATION.to_owned());
        let answer = self.ask(context_id, request, None).await?;
        Ok(answer.command.outcome())
    }

    /// C-STORE, in the transfer syntax that the instance has.
    ///
    /// # Errors
    ///
    /// [`Error::NoContext`] when its class was not accepted in that transfer syntax; otherwise the association is
    /// over, also when the instance's reader fails.
    pub async fn store(&mut self, instance: Instance) -> Result<Outcome> {
        self.store_for(instance, None).await
    }

    /// C-STORE on behalf of a C-MOVE: with who asked, and its message.
    ///
    /// # Errors
    ///
    /// As [`Self::store`].
    pub async fn store_for(
        &mut self,
        instance: Instance,
        originator: Option<&(String, u16)>,
    ) -> Result<Outcome> {
        let syntax = instance.transfer_syntax_uid.as_str();
        let context_id = self.context(&instance.sop_class_uid, &[syntax])?.0;
        let mut request = self.request(Asked::CStore);
        request.affected_sop_class_uid = Some(instance.sop_class_uid);
        request.affected_sop_instance_uid = Some(instance.sop_instance_uid);
        request.priority = Some(0);
        request.move_originator = originator.map(|(title, _)| title.clone());
        request.move_originator_message_id = originator.map(|(_, id)| *id);
        let asked = request.clone();
        let sent = self.association.send_data(context_id, request, instance.data);
        if let Err(error) = sent.await {
            return Err(self.fail(error).await);
        }
        let answer = self.answer_to(&asked).await?;
        Ok(answer.command.outcome())
    }

    /// An N-service, in the context of its SOP class.
    ///
    /// # Errors
    ///
    /// [`Error::NoContext`] when the class was not accepted; otherwise the association is over.
    pub async fn normalized(&mut self, request: NormalizedRequest) -> Result<NormalizedOutcome> {
        let class = request.sop_class_uid.clone();
        self.normalized_within(&class, request).await
    }

    /// An N-service in the context of another class: the meta SOP class of print management.
    ///
    /// # Errors
    ///
    /// As [`Self::normalized`].
    pub async fn normalized_within(
        &mut self,
        context_class: &str,
        request: NormalizedRequest,
    ) -> Result<NormalizedOutcome> {
        let (context_id, syntax) = self.context(context_class, &[])?;
        let data = request.data_set.as_ref();
        let data = data.map(|d| data_set::encode(d, &syntax)).transpose()?;
        let command = self.normalized_command(request);
        let answer = self.ask(context_id, command, data.as_deref()).await?;
        let data_set = match self
            .association
            .read_data_set(&answer)
            .await
            .and_then(|inner| inner)
        {
            Ok(data_set) => data_set,
            Err(error) => return Err(self.fail(error).await),
        };
        Ok(NormalizedOutcome {
            outcome: answer.command.outcome(),
            sop_instance_uid: answer.command.affected_sop_instance_uid,
            data_set,
        })
    }

    fn normalized_command(&mut self, request: NormalizedRequest) -> Command {
        let (asked, is_affected) = match request.operation {
            Operation::Create => (Asked::NCreate, true),
            Operation::EventReport(_) => (Asked::NEventReport, true),
            Operation::Set => (Asked::NSet, false),
            Operation::Get(_) => (Asked::NGet, false),
            Operation::Action(_) => (Asked::NAction, false),
            Operation::Delete => (Asked::NDelete, false),
        };
        let mut command = self.request(asked);
        let (class, instance) = (Some(request.sop_class_uid), request.sop_instance_uid);
        if is_affected {
            (command.affected_sop_class_uid, command.affected_sop_instance_uid) = (class, instance);
        } else {
            (
                command.requested_sop_class_uid,
                command.requested_sop_instance_uid,
            ) = (class, instance);
        }
        match request.operation {
            Operation::EventReport(kind) => command.event_type = Some(kind),
            Operation::Action(kind) => command.action_type = Some(kind),
            Operation::Get(attributes) => command.attributes = attributes,
            _ => {}
        }
        command
    }

    /// Waits for an N-EVENT-REPORT from the provider, as of storage commitment, and answers it with success.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] and everything else ends the association.
    pub async fn event_report(&mut self, within: Duration) -> Result<NormalizedRequest> {
        let received = async {
            let association = &mut self.association;
            let message = association.next_message(within, "an event report").await?;
            let command = &message.command;
            let (Asked::NEventReport, false, Some(kind)) =
                (command.operation, command.is_response, command.event_type)
            else {
                return Err(unexpected("an event report", "another message"));
            };
            let data_set: Option<InMemDicomObject> = association.read_data_set(&message).await??;
            let response = command.response(&Status::SUCCESS.into());
            association.send(message.context_id, response, None).await?;
            Ok(NormalizedRequest {
                operation: Operation::EventReport(kind),
                sop_class_uid: message.command.affected_sop_class_uid.unwrap_or_default(),
                sop_instance_uid: message.command.affected_sop_instance_uid,
                data_set,
            })
        };
        match received.await {
            Ok(report) => Ok(report),
            Err(error) => Err(self.fail(error).await),
        }
    }

    /// Ends the association in good order.
    ///
    /// # Errors
    ///
    /// When the peer does not consent in time.
    pub async fn release(mut self) -> Result<()> {
        match self.association.release().await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail(error).await),
        }
    }

    /// Ends the association at once.
    pub async fn abort(mut self) {
        self.association.abort(0, 0).await;
    }

    fn request(&mut self, operation: Asked) -> Command {
        Command::request(operation, self.association.message_id())
    }

    /// The accepted context and its transfer syntax.
    fn context(&self, sop_class_uid: &str, syntaxes: &[&str]) -> Result<(u8, String)> {
        let context = self.negotiated().find(sop_class_uid, syntaxes);
        let found = context.map(|context| (context.id, context.transfer_syntax.clone()));
        found.ok_or_else(|| Error::NoContext {
            sop_class_uid: sop_class_uid.to_owned(),
            transfer_syntax: match syntaxes {
                [] => "any".to_owned(),
                _ => syntaxes.join(" or "),
            },
        })
    }

    async fn ask(&mut self, context_id: u8, command: Command, data: Option<&[u8]>) -> Result<Message> {
        let asked = command.clone();
        if let Err(error) = self.association.send(context_id, command, data).await {
            return Err(self.fail(error).await);
        }
        self.answer_to(&asked).await
    }

    async fn answer_to(&mut self, asked: &Command) -> Result<Message> {
        let within = self.association.wire().timeouts.response;
        let answer = match self.association.next_message(within, "an answer").await {
            Ok(answer) => answer,
            Err(error) => return Err(self.fail(error).await),
        };
        if !answers(&answer.command, asked) {
            return Err(self
                .fail(unexpected("the answer to a request", "another message"))
                .await);
        }
        Ok(answer)
    }

    pub(crate) async fn fail(&mut self, error: Error) -> Error {
        self.association.abort_for(&error).await;
        error
    }
}

fn answers(answer: &Command, asked: &Command) -> bool {
    answer.is_response && answer.operation == asked.operation && answer.message_id == asked.message_id
}

fn rejection(pdu: &dicom_ul::pdu::AssociationRJ) -> Rejection {
    use dicom_ul::pdu::{
        AssociationRJResult as Result, AssociationRJServiceProviderASCEReason as Acse,
        AssociationRJServiceProviderPresentationReason as Presentation,
        AssociationRJServiceUserReason as User, AssociationRJSource as Source,
    };
    let result = match pdu.result {
        Result::Permanent => 1,
        Result::Transient => 2,
    };
    let (source, reason) = match &pdu.source {
        Source::ServiceUser(User::NoReasonGiven) => (1, 1),
        Source::ServiceUser(User::ApplicationContextNameNotSupported) => (1, 2),
        Source::ServiceUser(User::CallingAETitleNotRecognized) => (1, 3),
        Source::ServiceUser(User::CalledAETitleNotRecognized) => (1, 7),
        Source::ServiceUser(User::Reserved(code)) => (1, *code),
        Source::ServiceProviderASCE(Acse::NoReasonGiven) => (2, 1),
        Source::ServiceProviderASCE(Acse::ProtocolVersionNotSupported) => (2, 2),
        Source::ServiceProviderPresentation(Presentation::TemporaryCongestion) => (3, 1),
        Source::ServiceProviderPresentation(Presentation::LocalLimitExceeded) => (3, 2),
        Source::ServiceProviderPresentation(Presentation::Reserved(code)) => (3, *code),
    };
    Rejection {
        result,
        source,
        reason,
    }
}
