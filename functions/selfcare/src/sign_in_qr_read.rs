//! GET /v1/selfcare/qr-sign-ins/{qrSignInId}: the page that asked looks whether its sign-in was approved (rule 20).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sportello_contract::problem::Code;
use sportello_contract::secret::Secret;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::Anyone;
use sportello_runtime::{Cx, Failure, Operation, Reply, session};
use sportello_store::key::Owner;

use crate::qr_sign_in::{Page, device_token};

/// Looks how far a sign-in by QR code is.
pub struct SignInQrRead;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The sign-in, as its start named it to the page.
    qr_sign_in_id: Secret,
}

/// How far it is.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Output {
    /// Nobody has approved it yet.
    Waiting {
        /// From this instant on it is over.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
    },
    /// It was approved: the holder is signed in at level 2.
    Approved {
        /// Bearer token of the session.
        token: Secret,
        /// Names this device at the next sign-in; given where it is new, also where it was named and is not known any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        device_token: Option<Secret>,
    },
}

impl Operation for SignInQrRead {
    const SPEC: Spec = Spec::get("selfcare.sign-in.qr.read", "/v1/selfcare/qr-sign-ins/{qrSignInId}")
        .summary("Look whether a sign-in by QR code was approved; only the page that asked can")
        .limit(Limit::ORDINARY)
        .grants(&[grant(Table::Requests, Action::GetItem)])
        .problems(&[Code::LinkNotValid]);
    type Auth = Anyone;
    type Input = Input;
    type Output = Output;

    async fn handle(cx: &Cx, (): (), input: Input) -> Result<Reply<Output>, Failure> {
        let page = Page::parse(input.qr_sign_in_id.expose()).ok_or(Code::LinkNotValid)?;
        let waiting = cx.store.qr(&page.id()).await?.filter(|waiting| page.asked(waiting) && cx.now < waiting.over_at).ok_or(Code::LinkNotValid)?;
        let Some(owner) = waiting.identity.as_deref().and_then(Owner::from_pk) else {
            return Ok(Reply::of(Output::Waiting { expires_at: waiting.over_at }));
        };
        let token = Secret::new(session::token(&owner, page.secret()));
        Ok(Reply::of(Output::Approved { token, device_token: waiting.new_device.then(|| device_token(cx, &page.id())) }))
    }
}
