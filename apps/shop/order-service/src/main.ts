import { runService } from "@shop/common/service.ts";
import { orderService } from "./service.ts";

runService("order-service", orderService);
