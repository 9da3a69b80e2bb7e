//! C-STORE: a data set as it comes on the wire, behind meta information, into the archive.

use dicom_object::FileMetaTableBuilder;
use dimse::server::{Incoming, StoreAnswer, StoreRequest};
use dimse::{Outcome, Peer, Status};

use super::{Archive, asking};
use crate::access::{Context, Principal};
use crate::figures;
use crate::identity::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
use crate::index::Sender;
use crate::ingest::{self, Reason, Receiving};

/// Preamble, prefix and meta information of a data set (PS3.10 7.1).
fn head(request: &StoreRequest) -> Result<Vec<u8>, Outcome> {
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(&request.sop_class_uid)
        .media_storage_sop_instance_uid(&request.sop_instance_uid)
        .transfer_syntax(&request.transfer_syntax_uid)
        .implementation_class_uid(IMPLEMENTATION_CLASS_UID)
        .implementation_version_name(IMPLEMENTATION_VERSION_NAME)
        .build();
    let unusable = |_| {
        Outcome::new(
            Status::CANNOT_UNDERSTAND,
            "the identity of the object cannot be written",
        )
    };
    let meta = meta.map_err(|_| unusable(()))?;
    let mut head = vec![0; 128];
    head.extend_from_slice(b"DICM");
    meta.write(&mut head).map_err(|_| unusable(()))?;
    Ok(head)
}

impl Archive {
    /// Receives an object; the answer comes when it survives a loss of power.
    pub(super) async fn take(
        &self,
        peer: &Peer,
        request: &StoreRequest,
        data: &mut Incoming<'_>,
    ) -> StoreAnswer {
        let head = match head(request) {
            Ok(head) => head,
            Err(outcome) => return outcome.into(),
        };
        let who = Principal::Application(peer.ae_title.clone());
        let custodian = match self.authorize.custodian(&who).await {
            Ok(custodian) => custodian,
            Err(error) => return failed(&error.into()).into(),
        };
        let actor = who.actor();
        let receiving = self.ingest.begin().from(Sender { actor, custodian });
        let mut receiving = receiving.announced(&request.sop_class_uid, &request.sop_instance_uid);
        if let Err(error) = receiving.write(&head).await {
            return failed(&error).into();
        }
        loop {
            match data.next().await {
                Ok(Some(bytes)) => {
                    figures::received(bytes.len());
                    if let Err(error) = receiving.write(&bytes).await {
                        return failed(&error).into();
                    }
                }
                Ok(None) => break,
                // The association is gone; what was received goes with it.
                Err(_) => return Status::CANNOT_UNDERSTAND.into(),
            }
        }
        let (archive, context) = (self.clone(), asking(peer, "C-STORE").1);
        StoreAnswer::Later(Box::pin(
            async move { archive.keep(receiving, &who, &context).await },
        ))
    }

    async fn keep(&self, receiving: Receiving, sender: &Principal, context: &Context) -> Outcome {
        let outcome = receiving.finish().await;
        if let Ok(outcome) = &outcome
            && let Some(receipt) = outcome.receipt()
            && let Err(error) = self.heed_note(receipt, sender, context, &*self.authorize).await
        {
            return failed(&error);
        }
        match outcome {
            Ok(ingest::Outcome::Refused(reason)) => refused(&reason),
            Ok(ingest::Outcome::DifferentDuplicate(receipt)) => {
                tracing::warn!(
                    sop_instance_uid = receipt.sop_uid,
                    "another object has this UID; both are kept"
                );
                Status::SUCCESS.into()
            }
            Ok(_) => Status::SUCCESS.into(),
            Err(error) => failed(&error),
        }
    }
}

/// Nothing of the object was kept, and it would be refused again.
fn refused(reason: &Reason) -> Outcome {
    let status = match reason {
        Reason::Missing(_) | Reason::BadUid(_) | Reason::Unannounced(_) => Status::CLASS_MISMATCH,
        Reason::TooLarge { .. } => Status::OUT_OF_RESOURCES,
        Reason::OtherCustodian { .. } => Status::NOT_AUTHORIZED,
        _ => Status::CANNOT_UNDERSTAND,
    };
    // The reasons name tags, sizes and limits, never values.
    Outcome::new(status, reason.to_string())
}

/// It was not acknowledged, and may be sent again.
fn failed(error: &ingest::Error) -> Outcome {
    tracing::error!(%error, "an object was not taken");
    let words = if error.is_full() {
        "the archive is full"
    } else {
        "the archive cannot store now"
    };
    Outcome::new(Status::OUT_OF_RESOURCES, words)
}
