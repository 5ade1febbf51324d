//! `hallway call`: one call of any method.

use hallway::service::MethodKind;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::invoke::{InvokeArguments, Prepared, heard, prepare, runtime};

pub(crate) fn run(arguments: InvokeArguments) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let call = prepare("call", arguments).await?;
        call.unless_interrupted(answer(&call)).await
    })
}

async fn answer(call: &Prepared) -> Result<(), Failure> {
    let Prepared { client, described, method, params, output, progress, .. } = call;
    let failed = |error| call.failed(error);
    match described.kind {
        MethodKind::Unary => {
            let result: Box<RawValue> = client.call(method, params).await.map_err(failed)?;
            progress.clear();
            // What a method without a result answers with tells nobody anything.
            let nothing = described.result["type"] == "null" && result.get() == "null";
            if nothing { Ok(()) } else { output.print_raw(&result) }
        }
        MethodKind::Notification => {
            client.notify(method, params).await.map_err(failed)?;
            heard(client).await;
            Ok(())
        }
        MethodKind::Subscription => call.events(params, &mut None).await?.map_err(failed),
        // A kind that this build does not know streams if it does anything.
        _ => call.items().await,
    }
}
