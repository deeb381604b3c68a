import { runService } from "@shop/common/service.ts";
import { inventoryService } from "./service.ts";

runService("inventory-service", inventoryService);
