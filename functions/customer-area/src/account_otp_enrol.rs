//! POST /v1/customer/account/otp-app: begins to protect the account by an OTP app (rule 59).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::otp_app::{App, begin};
use sportello_runtime::profile::Profile;
use sportello_runtime::{Cx, Failure, Operation, Reply};

use crate::account_proof::{Proved, prove};

/// Begins to enrol an app.
pub struct AccountOtpEnrol;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The password.
    password: Secret,
    /// A code of the app that is there, or a recovery code, where the account has an app: the new one takes its place.
    #[serde(default)]
    code: Option<Secret>,
}

impl Operation for AccountOtpEnrol {
    const SPEC: Spec = Spec::create("customer.account.otp.enrol", "/v1/customer/account/otp-app")
        .summary("Begin to protect the account by an OTP app: its secret as address, text and QR code")
        .limit(Limit::GUARDED)
        .hashing()
        .charges()
        .grants(&[grant(Table::Orders, Action::UpdateItem), grant(Table::Outbox, Action::PutItem)])
        .problems(&[Code::ProofRefused, Code::CodeRequired, Code::ChangedMeanwhile]);
    type Auth = Customer;
    type Input = Input;
    type Output = App;

    async fn handle(cx: &Cx, customer: CustomerActor, input: Input) -> Result<Reply<App>, Failure> {
        let owner = &customer.owner;
        let profile = Profile::open(cx, owner, &customer.records.profile)?;
        let Proved { account, update, mut commit } = prove(cx, owner, &input.password, input.code.as_ref(), Code::ProofRefused).await?;
        let begun = begin(cx, owner, &account.data_key, (account.password.version, account.epoch), &profile.username)?;
        commit.update_auth(update.enrolment(Some(&begun.enrolment)), Code::ChangedMeanwhile);
        Ok(Reply::after(commit, begun.app))
    }
}
