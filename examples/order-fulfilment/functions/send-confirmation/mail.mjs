// Writes the confirmation (an ES module: `.mjs`). It only logs what it would send.

export const handler = async (order) => {
  const late = order.items.filter((item) => item.stock.status === 'back-ordered');
  const text = late.length === 0
    ? `${order.customer.name}, your order ${order.order_id} is on its way.`
    : `${order.customer.name}, your order ${order.order_id} is on its way; ` +
      `${late.map((item) => item.sku).join(', ')} will follow.`;
  console.log(`from ${process.env.SENDER} to ${order.customer.email}: ${text}`);
  return { to: order.customer.email, text };
};
