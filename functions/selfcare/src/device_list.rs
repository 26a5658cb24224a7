//! GET /v1/selfcare/devices: the devices that signed in and are remembered (rule 23).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::problem::Code;
use sportello_contract::page::{Page, PageQuery};
use sportello_contract::spec::{Limit, Spec};
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};

/// Lists the devices.
pub struct DeviceList;

/// One device.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Public id, with which it is forgotten.
    device_id: String,
    /// Short description, as the device gave it.
    description: String,
    /// When it signed in last.
    #[schemars(with = "String", extend("format" = "date-time"))]
    last_seen_at: Timestamp,
}

impl Operation for DeviceList {
    const SPEC: Spec = Spec::get("selfcare.device.list", "/v1/selfcare/devices")
        .summary("List the devices that signed in and are remembered")
        .limit(Limit::ORDINARY)
        .problems(&[Code::CursorInvalid]);
    type Auth = HolderHighest;
    type Input = PageQuery;
    type Output = Page<Device>;

    async fn handle(cx: &Cx, holder: HolderActor, query: PageQuery) -> Result<Reply<Page<Device>>, Failure> {
        let scope = format!("{}/{}", cx.id, holder.owner.pk());
        let known: Vec<_> = holder.records.auth.devices.into_iter().collect();
        let page = cx.cursors(&scope)?.cut(known, |(id, _)| id.clone(), &query, &cx.policy().http)?;
        let items = page.items.into_iter().map(|(device_id, device)| Device {
            device_id,
            description: device.what,
            last_seen_at: Timestamp::from_millisecond(device.seen).unwrap_or_default(),
        });
        Ok(Reply::of(Page { items: items.collect(), next: page.next }))
    }
}
