import { runService } from "@shop/common/service.ts";
import { apiGateway } from "./service.ts";

runService("api-gateway", apiGateway);
