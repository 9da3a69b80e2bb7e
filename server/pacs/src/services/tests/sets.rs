//! Chinese names in three character sets: asked in each, answered in each.

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::{tags, uids};
use dimse::{CharacterSet, Client, ClientConfig, Proposal};

use super::super::applications::{Application, Applications};
use super::{EXPLICIT, FIND, archive, instance, object, serve};
use crate::orders::tests::order;
use crate::orders::{OrderTable, Step, text};
use crate::test_folder::TestFolder;

const WORKLIST: &str = uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND;

#[tokio::test(flavor = "multi_thread")]
async fn chinese_names_find_and_are_found_in_every_set() {
    let folder = TestFolder::new("sets");
    let archive = archive(folder.path(), Default::default()).await;
    let orders = OrderTable::new(archive.index().clone());
    for (id, name) in [("S1", "Wang^XiaoDong=王^小东"), ("S22", "Li^Si=李^四")] {
        let steps = Step::all_of(&order(id, name, "20260304", "0930")).unwrap();
        orders.add(&steps, "cli", None).await.unwrap();
    }
    let applications = Applications::open(archive.index().clone()).await.unwrap();
    let running = serve(
        archive.with_applications(applications.clone()),
        applications.clone(),
    )
    .await;
    for (answers_in, term) in CharacterSet::ALL {
        let mut device = Application::new("DEVICE");
        device.character_set = answers_in;
        applications.put(&device).await.unwrap();
        let mut proposals = [FIND, WORKLIST].map(Proposal::uncompressed).to_vec();
        proposals.extend(Proposal::for_instances([(uids::CT_IMAGE_STORAGE, EXPLICIT)]));
        let config = ClientConfig::new("DEVICE", "UPTAKE");
        let mut client = Client::connect(("127.0.0.1", running.port), &config, &proposals)
            .await
            .unwrap();
        client.store(instance(0)).await.unwrap();
        for (asks_in, asked) in CharacterSet::ALL {
            for (model, name, expected) in [
                (WORKLIST, "王^小*", 1),
                (WORKLIST, "赵*", 0),
                (FIND, "*小东", 1),
                (FIND, "李*", 0),
            ] {
                let mut identifier = object(&[(tags::PATIENT_NAME, VR::PN, name)]);
                if model == FIND {
                    identifier.put(DataElement::new(tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY"));
                } else {
                    let step = object(&[(tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION, VR::LO, "")]);
                    let steps = DataSetSequence::from(vec![step]);
                    identifier.put(DataElement::new(
                        tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE,
                        VR::SQ,
                        steps,
                    ));
                }
                let find = client.find(model, &asks_in.apply(&identifier)).await.unwrap();
                let (found, _) = find.all(10).await.unwrap();
                assert_eq!(found.len(), expected, "{name} asked in {asked}");
                for answer in &found {
                    assert_eq!(CharacterSet::of(answer), Some(answers_in), "{term}");
                    assert_eq!(
                        text(answer, tags::PATIENT_NAME),
                        "Wang^XiaoDong=王^小东",
                        "{term}"
                    );
                    if let Some(steps) = answer.get(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE) {
                        let step = &steps.items().unwrap()[0];
                        assert_eq!(
                            text(step, tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION),
                            "全身骨显像",
                            "{term}"
                        );
                    }
                }
            }
        }
        client.release().await.unwrap();
    }
    running.end().await;
}
