//! The customer area: services, orders, renewals.

mod order_view;
mod service_order;
mod service_view;

sportello_runtime::operations! {
    session_open::SessionOpen,
    session_close::SessionClose,
    service_list::ServiceList,
    service_read::ServiceRead,
    service_cancel::ServiceCancel,
    service_renew::ServiceRenew,
    auto_renewal_change::AutoRenewalChange,
    credential_add::CredentialAdd,
    offer_list::OfferList,
    order_place::OrderPlace,
    order_list::OrderList,
    order_read::OrderRead,
    order_pay::OrderPay,
    order_cancel::OrderCancel,
    order_invoice::OrderInvoice,
    payment_method_add::PaymentMethodAdd,
    payment_method_list::PaymentMethodList,
    payment_method_remove::PaymentMethodRemove,
    unlock_by_link_read::UnlockByLinkRead,
    unlock_by_link::UnlockByLink,
}
