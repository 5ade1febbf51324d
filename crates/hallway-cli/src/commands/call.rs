//! `hallway call`: one call of any method.

use hallway::Client;
use hallway::service::MethodKind;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::invoke::{InvokeArguments, Prepared, heard, prepare, runtime, unless_interrupted};
use crate::schema::{Schema, words};

pub(crate) fn run(arguments: InvokeArguments) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let call = prepare("call", arguments).await?;
        let Prepared { client, .. } = &call;
        unless_interrupted(client, answer(client, &call)).await
    })
}

async fn answer(client: &Client, call: &Prepared) -> Result<(), Failure> {
    let Prepared { described, method, params, output, progress, .. } = call;
    match described.kind {
        MethodKind::Unary => {
            let result: Box<RawValue> =
                client.call(method, params).await.map_err(|error| call.failed(error))?;
            progress.clear();
            // What a method without a result answers with tells nobody anything.
            let nothing = words(Schema::new(&described.result, &serde_json::Map::new())) == "nothing";
            if nothing && result.get() == "null" { Ok(()) } else { output.print_raw(&result) }
        }
        MethodKind::Notification => {
            client.notify(method, params).await.map_err(|error| call.failed(error))?;
            heard(client).await;
            Ok(())
        }
        MethodKind::Subscription => {
            call.events(client, params, &mut None).await?.map_err(|error| call.failed(error))
        }
        // A kind that this build does not know streams if it does anything.
        _ => call.items().await,
    }
}
