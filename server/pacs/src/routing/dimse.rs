//! The way to a provider of C-STORE: in the transfer syntax that is stored, or without compression where the node takes no other.

use dimse::negotiation::{EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN};
use dimse::{Client, ClientConfig, Instance, Outcome, Proposal, Status};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::config::DimseNode;
use super::object;
use crate::delivery::{Carrier, Delivery, Fate, Tell};
use crate::events::Boxed;
use crate::gateway::WebError;
use crate::services::Archive;
use crate::{tls, transcode};

/// Sends by C-STORE.
#[derive(Clone)]
pub struct DimseCarrier {
    node: DimseNode,
    tls: Option<TlsConnector>,
    calling: String,
    archive: Archive,
}

impl std::fmt::Debug for DimseCarrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DimseCarrier")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

/// Associates with a node, over TLS where it has an authority.
///
/// # Errors
///
/// As [`Client::connect`]; a failed handshake is [`dimse::Error::Io`].
pub async fn associate(
    node: &DimseNode,
    tls: Option<&TlsConnector>,
    calling: &str,
    proposals: &[Proposal],
) -> dimse::Result<Client> {
    let config = ClientConfig::new(calling, &node.ae_title);
    let Some(tls) = tls else {
        return Client::connect(node.address.as_str(), &config, proposals).await;
    };
    let within = config.timeouts.association;
    let secured = async {
        let stream = TcpStream::connect(node.address.as_str()).await?;
        dimse::transport::prepare(&stream)?;
        let host = node
            .address
            .rsplit_once(':')
            .map_or(node.address.as_str(), |(host, _)| host);
        let name =
            ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(std::io::Error::other)?;
        tls.connect(name, stream).await
    };
    let stream = tokio::time::timeout(within, secured).await;
    let stream = stream.map_err(|_| dimse::Error::TimedOut("a connection"))??;
    Client::over(stream, None, &config, proposals).await
}

impl DimseCarrier {
    /// A way from an archive to a node.
    ///
    /// # Errors
    ///
    /// [`WebError`] when the authority's certificates cannot be used.
    pub fn new(node: DimseNode, archive: &Archive) -> Result<Self, WebError> {
        let tls = node.tls_authority.as_deref().map(tls::connector).transpose()?;
        Ok(Self {
            node,
            tls,
            calling: archive.ae_title().to_owned(),
            archive: archive.clone(),
        })
    }

    /// The connector for TLS, where the node speaks it.
    pub(crate) fn tls(&self) -> Option<&TlsConnector> {
        self.tls.as_ref()
    }

    async fn send(&self, deliveries: &[Delivery], tell: &Tell) {
        let proposals = proposals(deliveries);
        let mut client = match associate(&self.node, self.tls(), &self.calling, &proposals).await {
            Ok(client) => client,
            Err(error) => {
                if let Some(first) = deliveries.first() {
                    tell.tell(first, Fate::Later(error.to_string()));
                }
                return;
            }
        };
        for delivery in deliveries {
            let fate = self.store(&mut client, delivery).await;
            let stop = matches!(fate, Fate::Later(_));
            tell.tell(delivery, fate);
            if stop {
                client.abort().await;
                return;
            }
        }
        // All was acknowledged: how the association ends changes nothing.
        let _ = client.release().await;
    }

    async fn store(&self, client: &mut Client, delivery: &Delivery) -> Fate {
        let accepted = |uid: &&str| {
            client
                .negotiated()
                .find(&delivery.sop_class_uid, &[*uid])
                .is_some()
        };
        let Some(syntax) = given_in(&delivery.transfer_syntax_uid).find(accepted) else {
            return Fate::Refused(format!(
                "the node takes no objects of class {} in transfer syntax {}, nor in one that can be made of it",
                delivery.sop_class_uid, delivery.transfer_syntax_uid
            ));
        };
        let data = if syntax == delivery.transfer_syntax_uid {
            object::data_set(&self.archive, delivery).await
        } else {
            object::transcoded(&self.archive, delivery, syntax).await
        };
        let data = match data {
            Ok(data) => data,
            Err(fate) => return fate,
        };
        let instance = Instance {
            sop_class_uid: delivery.sop_class_uid.clone(),
            sop_instance_uid: delivery.sop_uid.clone(),
            transfer_syntax_uid: syntax.to_owned(),
            data,
        };
        match client.store(instance).await {
            Ok(outcome) => fate(&outcome),
            Err(error @ (dimse::Error::NoContext { .. } | dimse::Error::Encode { .. })) => {
                Fate::Refused(error.to_string())
            }
            Err(error) => Fate::Later(error.to_string()),
        }
    }
}

impl Carrier for DimseCarrier {
    fn carry<'a>(&'a self, deliveries: &'a [Delivery], tell: &'a Tell) -> Boxed<'a, ()> {
        Box::pin(self.send(deliveries, tell))
    }
}

/// Contexts of one association at most (PS3.8 9.3.2.2).
const CONTEXTS: usize = 128;

/// What is proposed for some objects: each as it is stored, and then without compression, as far as there is room.
fn proposals(deliveries: &[Delivery]) -> Vec<Proposal> {
    let stored = deliveries
        .iter()
        .map(|one| (one.sop_class_uid.as_str(), one.transfer_syntax_uid.as_str()));
    let made = deliveries.iter().flat_map(|one| {
        given_in(&one.transfer_syntax_uid)
            .skip(1)
            .map(|uid| (one.sop_class_uid.as_str(), uid))
    });
    let mut proposals = Proposal::for_instances(stored.chain(made));
    proposals.truncate(CONTEXTS);
    proposals
}

/// Transfer syntaxes that a stored object is sent in: its own first, then without compression, which loses nothing.
fn given_in(stored: &str) -> impl Iterator<Item = &str> {
    let plain = [EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN];
    let made = plain
        .into_iter()
        .filter(move |uid| *uid != stored && transcode::is_possible(stored, uid));
    std::iter::once(stored).chain(made)
}

/// What a status of C-STORE means for the delivery (PS3.4 table B.2-1).
fn fate(outcome: &Outcome) -> Fate {
    // An Error Comment is the peer's: it may hold anything, also a name. The status says enough.
    let words = format!("status {}", outcome.status);
    match outcome.status {
        Status::SUCCESS => Fate::Delivered(None),
        status if status.is_done() => Fate::Delivered(Some(words)),
        // Out of resources, and not authorized, are the peer's state and not the object's.
        Status(0xA700..=0xA7FF) | Status::NOT_AUTHORIZED | Status::PROCESSING_FAILURE => Fate::Later(words),
        _ => Fate::Refused(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_will_not_change_is_refused() {
        let words = |status: u16| format!("status 0x{status:04X}");
        for (status, expected) in [
            (0x0000, Fate::Delivered(None)),
            (0xB000, Fate::Delivered(Some(words(0xB000)))),
            (0xB006, Fate::Delivered(Some(words(0xB006)))),
            (0xA700, Fate::Later(words(0xA700))),
            (0xA702, Fate::Later(words(0xA702))),
            (0x0124, Fate::Later(words(0x0124))),
            (0xA900, Fate::Refused(words(0xA900))),
            (0xC000, Fate::Refused(words(0xC000))),
            (0xC123, Fate::Refused(words(0xC123))),
            (0x0122, Fate::Refused(words(0x0122))),
        ] {
            assert_eq!(fate(&Status(status).into()), expected);
        }
    }
}
