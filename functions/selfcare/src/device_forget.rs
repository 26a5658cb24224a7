//! DELETE /v1/selfcare/devices/{deviceId}: forgets a device: its next sign-in is announced again (rule 23).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

/// Forgets a device.
pub struct DeviceForget;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The device's id.
    #[schemars(length(min = 1, max = 64))]
    device_id: String,
}

impl Operation for DeviceForget {
    const SPEC: Spec = Spec::delete("selfcare.device.forget", "/v1/selfcare/devices/{deviceId}")
        .summary("Forget a device: its next sign-in is announced again")
        .limit(Limit::ORDINARY)
        .grants(&[grant(Table::Identities, Action::UpdateItem)])
        .problems(&[Code::NotFound]);
    type Auth = HolderHighest;
    type Input = Input;
    type Output = ();

    async fn handle(_: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        if !holder.records.auth.devices.contains_key(&input.device_id) {
            return Err(Code::NotFound.into());
        }
        let mut commit = Commit::new();
        commit.update_auth(Commit::auth(&holder.owner).remembers(&input.device_id).forget(&input.device_id), Code::NotFound);
        Ok(Reply::after(commit, ()))
    }
}
