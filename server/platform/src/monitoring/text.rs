//! What somebody on call is told by SMS: which server, and what is wrong with it.

use database::Transaction;

use super::Alarm;
use super::on_call::OnCall;
use crate::{Platform, Result};

pub(super) async fn send(_platform: &Platform, _change: &Transaction, _alarm: &Alarm, _to: &OnCall) -> Result<()> {
    Ok(())
}
